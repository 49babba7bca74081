--- Ghost text: accept it whole or in part, cycle, dismiss.
---
--- Shown by Neovim's own vim.lsp.inline_completion where there is one (ghost/native.lua), else by extmarks
--- (ghost/own.lua). Neovim 0.12 keeps an item on screen while the user types on, with the range that it had when it
--- came; so what is accepted is first moved to where the cursor is now, or refused.

local M = {}

---@class dgls.Item
---@field text string what is to stand from start to end
---@field start integer[] row and column where it begins, when it came
---@field finish integer[] row and column of the end of what it replaces, when it came
---@field command table? what reports its acceptance
---@field client_id integer

local shower

---@param options dgls.Options
function M.setup(options)
  if not options.ghost then
    return
  end
  local native = options.native and vim.lsp.inline_completion ~= nil
  shower = require(native and "dgls.ghost.native" or "dgls.ghost.own")
  shower.setup()
  local actions = {
    accept = M.accept,
    accept_word = M.accept_word,
    accept_line = M.accept_line,
    next = M.next,
    previous = M.previous,
    dismiss = M.dismiss,
  }
  for name, action in pairs(actions) do
    local key = options.keys[name]
    if key then
      vim.keymap.set("i", key, function()
        return action(key) and "" or key
      end, { expr = true, replace_keycodes = true, desc = "dgls: " .. name:gsub("_", " ") .. " (ghost text)" })
    end
  end
end

--- The item as it fits what stands before the cursor now: what was typed of it is part of it. Nil where it does not.
---@param item dgls.Item
---@param line string the line of the cursor
---@param row integer
---@param column integer
---@return dgls.Item?
function M.fitted(item, line, row, column)
  if row ~= item.start[1] or column < item.start[2] or item.finish[1] ~= row then
    return nil
  end
  local typed = line:sub(item.start[2] + 1, column)
  if item.text:sub(1, #typed) ~= typed then
    return nil
  end
  local finish = math.min(item.finish[2] + #typed, #line)
  return vim.tbl_extend("force", item, { finish = { row, finish }, typed = #typed })
end

--- The beginning of `text` that is one word, with the white space before it.
---@return string
function M.first_word(text)
  return text:match("^%s*[%w_\128-\255]+") or text:match("^%s*[^%w_%s]+") or text
end

--- The beginning of `text` up to the end of a line that says something.
---@return string
function M.first_line(text)
  return text:match("^%s*[^\n]*") or text
end

--- Accept the whole item; answers false where none is shown.
---@param key string? what is typed instead where the item no longer fits
function M.accept(key)
  return M._take(key, function(text)
    return text
  end)
end

function M.accept_word(key)
  return M._take(key, M.first_word)
end

function M.accept_line(key)
  return M._take(key, M.first_line)
end

function M.next()
  return shower ~= nil and shower.select(1)
end

function M.previous()
  return shower ~= nil and shower.select(-1)
end

--- Hide what is shown and tell the server that it was not wanted.
function M.dismiss()
  return shower ~= nil
    and shower.take(function(item)
      local client = vim.lsp.get_client_by_id(item.client_id)
      local id = M._id(item)
      if client and id then
        require("dgls.server").notify(client, "dgls/rejected", { ids = { id } })
      end
    end)
end

function M._take(key, cut)
  return shower ~= nil
    and shower.take(function(item)
      local row, column = unpack(vim.api.nvim_win_get_cursor(0))
      local fitting = M.fitted(item, vim.api.nvim_get_current_line(), row - 1, column)
      if fitting then
        M._insert(fitting, row - 1, column, cut)
      elseif key then -- it was for a text that is no more
        vim.api.nvim_feedkeys(vim.keycode(key), "n", false)
      end
    end)
end

---@param fitting dgls.Item
---@param cut fun(rest: string): string how much of what is not yet typed is taken
function M._insert(fitting, row, column, cut)
  local rest = fitting.text:sub(fitting.typed + 1)
  local part = cut(rest)
  local whole = part == rest
  local lines = vim.split(part, "\n", { plain = true })
  vim.cmd("let &undolevels = &undolevels") -- what is accepted is undone by itself
  vim.api.nvim_buf_set_text(0, row, column, row, whole and math.max(column, fitting.finish[2]) or column, lines)
  local last = #lines == 1 and column + #part or #lines[#lines]
  vim.api.nvim_win_set_cursor(0, { row + #lines, last })
  M._report(fitting, fitting.text:sub(1, fitting.typed + #part), whole)
end

--- Tell the server what was taken.
function M._report(item, taken, whole)
  local client = vim.lsp.get_client_by_id(item.client_id)
  local id = M._id(item)
  if not client or not id then
    return
  end
  local server = require("dgls.server")
  if whole then
    server.request(client, "workspace/executeCommand", {
      command = item.command.command,
      arguments = item.command.arguments,
    }, function() end, 0)
  else
    local length = require("dgls.places").units(taken, #taken, "utf-16")
    server.notify(client, "dgls/partiallyAccepted", { id = id, length = length })
  end
end

function M._id(item)
  local argument = item.command and item.command.arguments and item.command.arguments[1]
  return type(argument) == "table" and argument.id or nil
end

return M
