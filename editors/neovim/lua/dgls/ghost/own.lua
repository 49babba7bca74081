--- Ghost text by extmarks, for a Neovim without vim.lsp.inline_completion.
---
--- After each move or change of insert mode one request goes out; an older one is cancelled, and an answer counts only
--- if its buffer and cursor are still where it was asked for. Debouncing is the server's: it knows what it costs.

local places = require("dgls.places")
local server = require("dgls.server")

local M = {}

local NAMESPACE = vim.api.nvim_create_namespace("dgls.ghost")
local METHOD = "textDocument/inlineCompletion"

---@type { buffer: integer, items: dgls.Item[], index: integer }?
local shown
---@type { client: table, id: integer }?
local asked

function M.setup()
  local group = vim.api.nvim_create_augroup("dgls.ghost", {})
  vim.api.nvim_create_autocmd({ "InsertEnter", "CursorMovedI", "TextChangedI", "TextChangedP" }, {
    group = group,
    callback = function(event)
      M.ask(event.buf, 2)
    end,
  })
  vim.api.nvim_create_autocmd({ "InsertLeave", "BufLeave" }, { group = group, callback = M.hide })
end

--- Ask for ghost text at the cursor; `kind` is 1 where the user asks by hand, 2 where typing does.
function M.ask(buffer, kind)
  M._cancel()
  M._show_fitting()
  local client = server.client(buffer)
  if not client then
    return
  end
  local row, column = M._cursor()
  local tick = vim.api.nvim_buf_get_changedtick(buffer)
  local params = {
    textDocument = { uri = vim.uri_from_bufnr(buffer) },
    position = places.position(buffer, row, column, client.offset_encoding),
    context = { triggerKind = kind },
  }
  local sent, id = server.request(client, METHOD, params, function(failure, result)
    local now_row, now_column = M._cursor()
    local same = vim.api.nvim_get_current_buf() == buffer and vim.api.nvim_buf_get_changedtick(buffer) == tick
    if failure or not same or now_row ~= row or now_column ~= column or vim.fn.mode():sub(1, 1) ~= "i" then
      return
    end
    M._receive(client, buffer, result)
  end, buffer)
  asked = sent and id and { client = client, id = id } or nil
end

function M.hide()
  M._cancel()
  if shown and vim.api.nvim_buf_is_valid(shown.buffer) then
    vim.api.nvim_buf_clear_namespace(shown.buffer, NAMESPACE, 0, -1)
  end
  shown = nil
end

--- Hand what is shown to `take`, and hide it; answers false where nothing is shown.
---@param take fun(item: dgls.Item)
---@return boolean
function M.take(take)
  if not shown then
    return false
  end
  local item = shown.items[shown.index]
  vim.schedule(function() -- a mapping with <expr> must not change text
    M.hide()
    take(item)
  end)
  return true
end

--- Show another candidate; the first time all of them are asked for.
---@param count integer
---@return boolean
function M.select(count)
  if shown and #shown.items > 1 then
    shown.index = (shown.index - 1 + count) % #shown.items + 1
    M._show_fitting()
  else
    M.ask(vim.api.nvim_get_current_buf(), 1)
  end
  return true
end

function M._cursor()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  return row - 1, column
end

function M._cancel()
  if asked then
    server.cancel(asked.client, asked.id)
    asked = nil
  end
end

function M._receive(client, buffer, result)
  asked = nil
  local items = {}
  for _, item in ipairs(result and (result.items or result) or {}) do
    local row, column = M._cursor()
    local start, finish = { row, column }, { row, column }
    if item.range then
      start = { places.place(buffer, item.range.start, client.offset_encoding) }
      finish = { places.place(buffer, item.range["end"], client.offset_encoding) }
    end
    items[#items + 1] = {
      text = type(item.insertText) == "string" and item.insertText or item.insertText.value,
      start = start,
      finish = finish,
      command = item.command,
      client_id = client.id,
    }
  end
  shown = #items > 0 and { buffer = buffer, items = items, index = 1 } or nil
  M._show_fitting()
end

--- Draw what is shown as far as it is not yet typed; what no longer fits is hidden.
function M._show_fitting()
  local buffer = vim.api.nvim_get_current_buf()
  vim.api.nvim_buf_clear_namespace(buffer, NAMESPACE, 0, -1)
  if not shown or shown.buffer ~= buffer then
    return
  end
  local row, column = M._cursor()
  local fitting =
    require("dgls.ghost").fitted(shown.items[shown.index], vim.api.nvim_get_current_line(), row, column)
  local rest = fitting and fitting.text:sub(fitting.typed + 1) or ""
  if rest == "" then
    shown = nil
    return
  end
  local lines = vim.split(rest, "\n", { plain = true })
  local below = {}
  for index = 2, #lines do
    below[#below + 1] = { { lines[index], "DglsGhost" } }
  end
  if #shown.items > 1 then
    local last = below[#below] or nil
    local hint = { (" (%d/%d)"):format(shown.index, #shown.items), "DglsNoise" }
    if last then
      last[#last + 1] = hint
    end
  end
  vim.api.nvim_buf_set_extmark(buffer, NAMESPACE, row, column, {
    virt_text = { { lines[1], "DglsGhost" } },
    virt_text_pos = vim.fn.has("nvim-0.10") == 1 and "inline" or "overlay",
    virt_lines = #below > 0 and below or nil,
    hl_mode = "combine",
  })
end

return M
