--- :Dgls and its subcommands: each finds what of the buffer is meant, and asks the server for one job.

local places = require("dgls.places")
local pins = require("dgls.pins")
local server = require("dgls.server")

local M = {}

---@class dgls.Call
---@field buffer integer
---@field client table
---@field selection dgls.Span? what is selected
---@field bang boolean
---@field argument string?

--- Requests on their way: what <Esc> cancels.
---@type table<integer, table>
local running = {}

local function here()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  return { row - 1, column, row - 1, column }
end

local function line()
  local row = vim.api.nvim_win_get_cursor(0)[1] - 1
  return { row, places.indent(row), row, #vim.api.nvim_get_current_line() }
end

local function say(message, level)
  vim.notify("dgls: " .. message, level or vim.log.levels.INFO)
end

---@param call dgls.Call
local function range(call, span)
  return places.range(call.buffer, span, call.client.offset_encoding)
end

--- Each subcommand: what it takes as an argument, and what it does.
---@type table<string, { arguments: string[]?, run: fun(call: dgls.Call) }>
M.subcommands = {
  fill = {
    run = function(call)
      local span = call.selection or here()
      M._execute(call, "dgls.fill", {
        range = range(call, span),
        pins = pins.inside(call.buffer, span, call.client.offset_encoding),
      })
    end,
  },
  holes = {
    arguments = { "function", "file" },
    run = function(call)
      local whole = call.argument == "file"
      M._execute(call, "dgls.fillHoles", { range = not whole and range(call, call.selection or here()) or nil })
    end,
  },
  repair = {
    arguments = { "line", "file" },
    run = function(call)
      local whole = call.argument == "file"
      M._execute(call, "dgls.repair", { range = not whole and range(call, call.selection or line()) or nil })
    end,
  },
  redenoise = {
    run = function(call)
      M._execute(call, "dgls.redenoise", { ranges = call.selection and { range(call, call.selection) } or nil })
    end,
  },
  rewrite = {
    arguments = { "0.2", "0.4", "0.6", "0.8", "1" },
    run = function(call)
      local strength = tonumber(call.argument or "0.5")
      if not strength or strength < 0 or strength > 1 then
        return say("a strength is a number from 0 (keep) to 1 (start anew), as in :Dgls rewrite 0.3", vim.log.levels.ERROR)
      end
      local span = call.selection or line()
      M._execute(call, "dgls.rewrite", {
        range = range(call, span),
        pins = pins.inside(call.buffer, span, call.client.offset_encoding),
        strength = strength,
      })
    end,
  },
  pin = {
    arguments = { "clear" },
    run = function(call)
      if call.argument == "clear" then
        pins.clear(call.buffer)
      elseif not call.selection then
        say("select what must survive, then :Dgls pin; :Dgls pin clear takes all pins away", vim.log.levels.WARN)
      else
        local pinned = pins.toggle(call.buffer, call.selection)
        say(pinned and "pinned: a fill of what is around it keeps it" or "no longer pinned")
      end
    end,
  },
  pause = {
    arguments = { "on", "off" },
    run = function(call)
      local last = require("dgls.status").last
      local paused = last ~= nil and last.state == "paused"
      local pause = call.argument == "on" or (call.argument == nil and not paused)
      local name = pause and "dgls.pause" or "dgls.resume"
      server.request(call.client, "workspace/executeCommand", { command = name }, function(failure)
        say(failure and failure.message or pause and "paused; commands still work" or "goes on")
      end, call.buffer)
    end,
  },
  status = {
    run = function(call)
      local params = { uri = vim.uri_from_bufnr(call.buffer) }
      server.request(call.client, "dgls/status", params, function(failure, status)
        if failure then
          return say(failure.message, vim.log.levels.ERROR)
        end
        require("dgls.status").set(status)
        local next_step = status.state == "paused" and "; :Dgls pause once more goes on" or ""
        say(status.state .. (status.message ~= "" and ": " .. status.message or "") .. next_step)
      end, call.buffer)
    end,
  },
  log = {
    run = function()
      local log = vim.lsp.log or require("vim.lsp.log")
      vim.cmd.tabnew(vim.fn.fnameescape(log.get_filename()))
      vim.bo.readonly = true
      vim.cmd.normal({ "G", bang = true })
    end,
  },
}

--- Run what the user command was called with.
function M.run(call)
  local name, argument = call.fargs[1], call.fargs[2]
  local subcommand = M.subcommands[name]
  if not subcommand or #call.fargs > 2 then
    local names = table.concat(M._names(), ", ")
    return say(("%s is no command; there are: %s"):format(table.concat(call.fargs, " "), names), vim.log.levels.ERROR)
  end
  local buffer = vim.api.nvim_get_current_buf()
  local client = server.client(buffer)
  if not client and name ~= "log" then
    local why = require("dgls.status").trouble() or ":checkhealth dgls says why"
    return say("no server is attached here; " .. why, vim.log.levels.ERROR)
  end
  if call.bang and name ~= "fill" then
    return say("only :Dgls! fill lets you choose", vim.log.levels.ERROR)
  end
  subcommand.run({
    buffer = buffer,
    client = client,
    selection = places.selected(call),
    bang = call.bang,
    argument = argument,
  })
end

--- What may follow on the command line.
function M.complete(lead, line_so_far)
  local words = vim.split(line_so_far, "%s+")
  local choices = M._names()
  if #words > 2 then
    local subcommand = M.subcommands[words[#words - 1]]
    choices = subcommand and subcommand.arguments or {}
  end
  return vim.tbl_filter(function(choice)
    return vim.startswith(choice, lead)
  end, choices)
end

--- Draw a `dgls/frame` of what runs; those of ghost text are not drawn, since it comes whole.
function M.show(frame)
  local call = running[frame.id]
  if call then
    require("dgls.canvas").show(call.buffer, call.client, frame)
  end
end

--- Stop what runs in `buffer`; answers whether anything did.
function M.cancel(buffer)
  local any = false
  for id, call in pairs(running) do
    if call.buffer == buffer then
      server.cancel(call.client, id)
      M._ended(id) -- Neovim calls no handler for what it cancelled
      any = true
    end
  end
  return any
end

-- A buffer that is read again, as where another program has written its file, is a document of its own, and what runs
-- was asked about the one before.
vim.api.nvim_create_autocmd("BufReadPost", {
  group = vim.api.nvim_create_augroup("dgls.commands", {}),
  callback = function(event)
    if M.cancel(event.buf) then
      say("the file was read again, so the fill was stopped and nothing was changed; run the command again", vim.log.levels.WARN)
    end
  end,
})

function M._names()
  local names = vim.tbl_keys(M.subcommands)
  table.sort(names)
  return names
end

---@param call dgls.Call
function M._execute(call, command, argument)
  if not vim.bo[call.buffer].modifiable then
    return say("this buffer takes no changes; :set modifiable, if it should", vim.log.levels.ERROR)
  end
  local choose, status = call.bang, require("dgls.status")
  status.failure = nil
  argument.uri = vim.uri_from_bufnr(call.buffer)
  argument.apply = not choose
  vim.cmd("let &undolevels = &undolevels") -- the fill is undone by itself
  local id
  local function finished(failure, result)
    M._ended(id)
    if failure then
      if failure.code ~= -32800 and failure.message ~= status.failure then -- the server may have shown it itself
        say(failure.message, vim.log.levels.ERROR)
      end
    elseif choose and #result.fills > 0 then
      M._choose(call, result)
    end
  end
  local sent, request =
    server.request(call.client, "workspace/executeCommand", { command = command, arguments = { argument } }, finished, call.buffer)
  if not sent then
    return say("the server has ended; :Dgls log may say why", vim.log.levels.ERROR)
  end
  id = request
  running[id] = call
  M._take_escape(call.buffer)
end

--- The request `id` works no more: nothing of it is drawn, and <Esc> is what it was.
function M._ended(id)
  local call = running[id]
  if call then
    running[id] = nil
    M._release_escape(call.buffer)
    require("dgls.canvas").clear(call.buffer)
  end
end

--- Let the user choose one of several fills, and apply it as one edit.
---@param call dgls.Call
function M._choose(call, result)
  vim.ui.select(result.fills, {
    prompt = "Fill with",
    format_item = function(fill)
      local texts = vim.tbl_map(function(edit)
        return edit.newText
      end, fill.edits)
      local mark = fill.validated and "" or " (not checked)"
      return ("%3d %%  %s%s"):format(fill.confidence * 100, table.concat(texts, " … "):gsub("%s+", " "), mark)
    end,
  }, function(fill)
    if not fill then
      return
    end
    if vim.lsp.util.buf_versions[call.buffer] ~= result.version then
      return say("the document was changed meanwhile; nothing was changed by dgls", vim.log.levels.WARN)
    end
    vim.lsp.util.apply_text_edits(fill.edits, call.buffer, call.client.offset_encoding)
  end)
end

--- While something runs, <Esc> in normal mode stops it; then the key is what it was.
local escape = {}

function M._take_escape(buffer)
  if escape[buffer] then
    return
  end
  escape[buffer] = vim.fn.maparg("<Esc>", "n", false, true)
  vim.keymap.set("n", "<Esc>", function()
    M.cancel(buffer)
  end, { buffer = buffer, desc = "dgls: stop filling" })
end

function M._release_escape(buffer)
  local before = escape[buffer]
  local others = vim.tbl_filter(function(call)
    return call.buffer == buffer
  end, vim.tbl_values(running))
  if not before or #others > 0 then
    return
  end
  escape[buffer] = nil
  if vim.api.nvim_buf_is_valid(buffer) then
    vim.keymap.del("n", "<Esc>", { buffer = buffer })
    if before.buffer == 1 then
      vim.fn.mapset("n", false, before)
    end
  end
end

return M
