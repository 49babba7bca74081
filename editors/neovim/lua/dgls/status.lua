--- What the server is doing, as it said last: for the statusline, and for :Dgls status.

local M = {}

---@type table?
M.last = nil
--- Documents that dgls leaves alone, and why.
---@type table<string, string>
M.disabled = {}
--- The last error that the server has shown itself: why it does not start, if it does not.
---@type string?
M.failure = nil

local SIGNS = { ready = "ready", busy = "busy", paused = "paused", error = "error", unloaded = "asleep" }

--- Take a `dgls/status`.
function M.set(status)
  local off = status.state == "disabled"
  if type(status.uri) == "string" then
    M.disabled[status.uri] = off and status.message or nil
  end
  if not off then
    M.last = status
  end
  vim.cmd.redrawstatus()
end

--- The server has shown an error.
function M.failed(message)
  M.failure = message
end

--- The server's process has ended unasked; `served` says whether it had begun to answer.
function M.ended(served)
  local said = served and "the server has ended; :Dgls log may say why"
    or M.failure
    or "the server does not start; :checkhealth dgls says why"
  M.last = { state = "error", message = said }
  M.disabled, M.failure = {}, nil
  vim.cmd.redrawstatus()
end

--- Nothing is known any more: the server has ended in order.
function M.forget()
  M.last, M.disabled, M.failure = nil, {}, nil
  vim.cmd.redrawstatus()
end

--- Why nothing is served here, where a server said so or has ended.
---@return string?
function M.trouble()
  return M.last and M.last.state == "error" and M.last.message or nil
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
