--- Places in a buffer, as Neovim counts (rows and columns from 0, columns in bytes) and as the server does.

local M = {}

local UNITS = { ["utf-8"] = true, ["utf-16"] = true, ["utf-32"] = true }

--- How many units of `encoding` the first `bytes` bytes of `line` are.
---@return integer
function M.units(line, bytes, encoding)
  local head = line:sub(1, bytes)
  if encoding == "utf-8" or not UNITS[encoding] then
    return #head
  end
  if vim.fn.has("nvim-0.11") == 1 then
    return vim.str_utfindex(head, encoding)
  end
  local utf32, utf16 = vim.str_utfindex(head)
  return encoding == "utf-16" and utf16 or utf32
end

--- The byte at which the `units`th unit of `line` begins; the line's end where there are fewer.
---@return integer
function M.bytes(line, units, encoding)
  if encoding == "utf-8" or not UNITS[encoding] then
    return math.min(units, #line)
  end
  if vim.fn.has("nvim-0.11") == 1 then
    return vim.str_byteindex(line, encoding, units, false)
  end
  local ok, byte = pcall(vim.str_byteindex, line, units, encoding == "utf-16")
  return ok and byte or #line
end

--- The protocol's position of a row and a column in bytes.
function M.position(buffer, row, column, encoding)
  local line = vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1] or ""
  return { line = row, character = M.units(line, column, encoding) }
end

--- The row and the column in bytes of a position of the protocol.
---@return integer, integer
function M.place(buffer, position, encoding)
  local line = vim.api.nvim_buf_get_lines(buffer, position.line, position.line + 1, false)[1] or ""
  return position.line, M.bytes(line, position.character, encoding)
end

---@class dgls.Span
---@field [1] integer first row
---@field [2] integer first column
---@field [3] integer last row
---@field [4] integer column behind the last

--- The protocol's range of a span.
---@param span dgls.Span
function M.range(buffer, span, encoding)
  return {
    start = M.position(buffer, span[1], span[2], encoding),
    ["end"] = M.position(buffer, span[3], span[4], encoding),
  }
end

--- What is selected, or was last selected where a command was called with that range.
---
--- `call` is what a user command gets. A range that is no selection means whole lines; without one: nil.
---@return dgls.Span?
function M.selected(call)
  if call.range == 0 then
    return nil
  end
  local first, last = vim.fn.getpos("'<"), vim.fn.getpos("'>")
  local kind = vim.fn.visualmode()
  if call.range == 2 and kind == "v" and first[2] == call.line1 and last[2] == call.line2 then
    return M.between(first, last)
  end
  local text = vim.api.nvim_buf_get_lines(0, call.line2 - 1, call.line2, false)[1] or ""
  return { call.line1 - 1, M.indent(call.line1 - 1), call.line2 - 1, #text }
end

--- The span from one place of getpos() to another, which it takes in.
---@return dgls.Span
function M.between(first, last)
  if first[2] > last[2] or (first[2] == last[2] and first[3] > last[3]) then
    first, last = last, first
  end
  local text = vim.api.nvim_buf_get_lines(0, last[2] - 1, last[2], false)[1] or ""
  local column = math.min(last[3], #text)
  if column > 0 then -- the last byte of the last character
    column = column + vim.str_utf_end(text, column)
  end
  return { first[2] - 1, math.max(0, first[3] - 1), last[2] - 1, column }
end

--- The column of the first character that is no white space.
---@return integer
function M.indent(row)
  local text = vim.api.nvim_buf_get_lines(0, row, row + 1, false)[1] or ""
  return #text:match("^%s*")
end

return M
