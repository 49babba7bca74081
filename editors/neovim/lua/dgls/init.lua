--- dgls for Neovim: a thin client. It starts the language server, shows ghost text and settling canvases, and
--- sends commands; what is filled and how is the server's business.

local M = {}

--- Start dgls for the chosen file types; see |dgls-setup| for the options.
---@param options table?
function M.setup(options)
  local config = require("dgls.config")
  config.current = config.merge(options or {})
  require("dgls.highlights").define()
  require("dgls.ghost").setup(config.current)
  require("dgls.server").start(config.current)
end

--- What dgls is doing, in a few characters, for a statusline; empty where no server is attached.
---@return string
function M.statusline()
  return require("dgls.status").statusline()
end

return M
