--- What a user may choose in setup(), and what holds where nothing is said.

local M = {}

---@class dgls.Options
M.defaults = {
  --- The command that starts the server.
  cmd = { "dgls", "serve", "--shared" },
  --- Where dgls is started. The server says so where it has no grammar for a language.
  filetypes = {
    "bash", "c", "cpp", "cs", "css", "go", "html", "java", "javascript", "javascriptreact", "json", "kotlin", "lua",
    "markdown", "php", "python", "ruby", "rust", "sh", "sql", "toml", "typescript", "typescriptreact", "yaml",
  },
  root_markers = { "pyproject.toml", "Cargo.toml", "package.json", "go.mod", ".git" },
  --- The server's settings by section, as in { infill = { candidates = 2 } }.
  settings = {},
  --- Whether ghost text is shown while typing.
  ghost = true,
  --- Whether Neovim's own vim.lsp.inline_completion shows it, where there is one.
  native = true,
  --- Whether a canvas is drawn while it settles.
  frames = true,
  --- Keys of insert mode; false for none.
  keys = {
    accept = "<Tab>",
    accept_word = "<M-w>",
    accept_line = "<M-e>",
    next = "<M-]>",
    previous = "<M-[>",
    dismiss = "<C-]>",
  },
}

---@type dgls.Options
M.current = vim.deepcopy(M.defaults)

--- The defaults with a user's `options` over them; raises an error that names what is wrong.
---@param options table
---@return dgls.Options
function M.merge(options)
  M.check(options, M.defaults, "")
  local merged = vim.tbl_deep_extend("force", vim.deepcopy(M.defaults), options)
  for _, list in ipairs({ "cmd", "filetypes", "root_markers" }) do
    merged[list] = options[list] or M.defaults[list]
  end
  return merged
end

--- Raise an error where `given` has a name that `known` lacks, or a value of another type.
function M.check(given, known, path)
  for name, value in pairs(given) do
    local default = known[name]
    local where = path .. tostring(name)
    if default == nil then
      local names = vim.tbl_keys(known)
      table.sort(names)
      error(("dgls: %s is no option; there are: %s"):format(where, table.concat(names, ", ")), 0)
    end
    local off = value == false and path == "keys."
    if type(value) ~= type(default) and not off then
      error(("dgls: %s is a %s, got a %s"):format(where, type(default), type(value)), 0)
    end
    if name == "keys" then
      M.check(value, default, "keys.")
    end
  end
end

return M
