-- For vim.lsp.enable("dgls") without setup(); see :help dgls-lsp-enable.
return require("dgls.server").client_config(require("dgls.config").current)
