--- What the server is doing, as it said last: for the statusline, and for :Dgls status.

local M = {}

---@type table?
M.last = nil
--- Documents that dgls leaves alone, and why.
---@type table<string, string>
M.disabled = {}

local SIGNS = { ready = "ready", busy = "busy", paused = "paused", error = "error", unloaded = "asleep" }

--- Take a `dgls/status`.
function M.set(status)
  if status.state == "disabled" and type(status.uri) == "string" then
    M.disabled[status.uri] = status.message
  else
    M.last = status
  end
  vim.cmd.redrawstatus()
end

--- The server's process has ended.
function M.ended(code)
  M.last = code ~= 0 and { state = "error", message = ("the server ended with code %d; see :Dgls log"):format(code) } or nil
  M.disabled = {}
  vim.cmd.redrawstatus()
end

---@return string
function M.statusline()
  local buffer = vim.api.nvim_get_current_buf()
  if not require("dgls.server").client(buffer) then
    return ""
  end
  if M.disabled[vim.uri_from_bufnr(buffer)] then
    return "dgls off here"
  end
  local last = M.last
  if not last then
    return "dgls"
  end
  if last.state == "loading" and type(last.percentage) == "number" then
    return ("dgls %d%%%%"):format(last.percentage)
  end
  return "dgls " .. (SIGNS[last.state] or last.state)
end

return M
