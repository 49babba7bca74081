-- Defines :Dgls; nothing of dgls is loaded before it is used.
if vim.g.loaded_dgls then
  return
end
vim.g.loaded_dgls = true

vim.api.nvim_create_user_command("Dgls", function(call)
  require("dgls.commands").run(call)
end, {
  nargs = "+",
  range = true,
  bang = true,
  complete = function(lead, line)
    return require("dgls.commands").complete(lead, line)
  end,
  desc = "dgls: fill code from both sides (see :help dgls)",
})
