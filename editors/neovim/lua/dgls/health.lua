--- :checkhealth dgls

local M = {}

function M.check()
  local health = vim.health
  health.start("dgls")
  M._neovim(health)
  local command = require("dgls.config").current.cmd
  if M._server(health, command) then
    M._doctor(health, command)
  end
  M._clients(health)
end

function M._neovim(health)
  local version = vim.version()
  local said = ("Neovim %d.%d.%d"):format(version.major, version.minor, version.patch)
  if vim.lsp.inline_completion then
    health.ok(said .. ": ghost text by vim.lsp.inline_completion")
  elseif vim.fn.has("nvim-0.10") == 1 then
    health.ok(said .. ": ghost text by extmarks")
  else
    health.error(said .. " is too old", { "Update to Neovim 0.10 or later; 0.12 is what dgls is tested with." })
  end
end

function M._server(health, command)
  if vim.fn.executable(command[1]) == 0 then
    health.error(("there is no command %q"):format(command[1]), {
      "Install dgls with pip, in an environment that is on PATH when Neovim starts,",
      'or name it: require("dgls").setup({ cmd = { "/path/to/dgls", "serve" } })',
    })
    return false
  end
  local said = vim.trim(vim.fn.system({ command[1], "--version" }))
  if vim.v.shell_error ~= 0 then
    health.error(("%s does not start"):format(command[1]), {
      said ~= "" and said or "The Python that it was installed with may be gone.",
      "Install dgls again with pip, in an environment of a Python of 3.11 or later.",
    })
    return false
  end
  health.ok(("%s: %s"):format(vim.fn.exepath(command[1]), said))
  return true
end

--- What the server's own doctor finds, without its trial fill.
function M._doctor(health, command)
  local said = vim.fn.system({ command[1], "doctor", "--json", "--no-fill" })
  local ok, report = pcall(vim.json.decode, said)
  if not ok or type(report) ~= "table" then
    health.warn("dgls doctor has no answer", { "Run it in a terminal: dgls doctor" })
    return
  end
  for _, finding in ipairs(report.findings or {}) do
    local advice = finding.next_step ~= nil and finding.next_step ~= vim.NIL and { finding.next_step } or nil
    local tell = finding.level == "error" and health.error or health.warn
    tell(finding.message, advice)
  end
  if #(report.findings or {}) == 0 then
    health.ok("dgls doctor finds nothing wrong")
  end
end

function M._clients(health)
  local clients = vim.lsp.get_clients({ name = "dgls" })
  local trouble = require("dgls.status").trouble()
  if trouble then
    health.error(trouble)
  elseif #clients == 0 then
    health.info("no buffer is served now: open a file of one of the chosen file types")
  end
  for _, client in ipairs(clients) do
    local last = require("dgls.status").last
    local state = last and not trouble and (": " .. last.state .. (last.message ~= "" and ": " .. last.message or "")) or ""
    health.ok(("client %d serves %d buffer(s)%s"):format(client.id, vim.tbl_count(client.attached_buffers), state))
  end
end

return M
