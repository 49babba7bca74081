--- The server as a client of Neovim's: how it is started, found and asked.

local M = {}

--- A server that ran so long before it ended did not fail to start.
local STEADY_MS = 60000
local FIRST_PAUSE_MS = 500
local MOST_CRASHES = 5
local crashes, crashed_at = 0, 0
--- Clients whose server has answered: one that never did would fail again.
---@type table<integer, true>
local served = {}

local LANGUAGE_IDS = { cs = "csharp", sh = "shellscript", bash = "shellscript" }

--- What vim.lsp.config() and vim.lsp.start() take.
---@param options dgls.Options
function M.client_config(options)
  local capabilities = vim.lsp.protocol.make_client_capabilities()
  capabilities.textDocument.inlineCompletion = { dynamicRegistration = false }
  local settings = next(options.settings) and options.settings or vim.empty_dict() -- not an empty list
  capabilities.experimental = { dgls = { frames = options.frames, status = true } }
  return {
    name = "dgls",
    cmd = options.cmd,
    filetypes = options.filetypes,
    root_markers = options.root_markers,
    capabilities = capabilities,
    init_options = settings,
    settings = { dgls = settings },
    get_language_id = function(_, filetype)
      return LANGUAGE_IDS[filetype] or filetype
    end,
    handlers = {
      ["dgls/frame"] = function(_, frame)
        require("dgls.commands").show(frame)
      end,
      ["dgls/status"] = function(_, status)
        require("dgls.status").set(status)
      end,
      ["window/showMessage"] = function(failure, shown, context)
        if shown.type == vim.lsp.protocol.MessageType.Error then
          require("dgls.status").failed(shown.message)
        end
        return vim.lsp.handlers["window/showMessage"](failure, shown, context)
      end,
    },
    on_init = function(client)
      served[client.id] = true
    end,
    on_exit = function(code, signal, id)
      vim.schedule(function()
        M._ended(options, served[id], code ~= 0 or signal ~= 0)
        served[id] = nil
      end)
    end,
  }
end

--- Start the server for the file types of `options`, now and in buffers to come.
---@param options dgls.Options
function M.start(options)
  if vim.fn.executable(options.cmd[1]) == 0 then
    vim.schedule(function() -- not while Neovim starts, where a message waits for a key
      vim.notify(("dgls: no command %q; :checkhealth dgls says what to do"):format(options.cmd[1]), vim.log.levels.WARN)
    end)
    return
  end
  local config = M.client_config(options)
  if vim.lsp.config ~= nil and vim.lsp.enable ~= nil then
    vim.lsp.config("dgls", config)
    vim.lsp.enable("dgls")
    return
  end
  vim.api.nvim_create_autocmd("FileType", {
    group = vim.api.nvim_create_augroup("dgls.start", {}),
    pattern = options.filetypes,
    callback = function(event)
      M._attach(event.buf, options)
    end,
  })
  M._attach_all(options)
end

--- Start the server for one buffer, where Neovim does not do so itself (before 0.11).
function M._attach(buffer, options)
  local root = vim.fs.root(buffer, options.root_markers)
  vim.lsp.start(vim.tbl_extend("force", M.client_config(options), { root_dir = root }), { bufnr = buffer })
end

function M._attach_all(options)
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(buffer) and vim.tbl_contains(options.filetypes, vim.bo[buffer].filetype) then
      M._attach(buffer, options)
    end
  end
end

--- A server has ended: in order, unasked, or before it `answered` anything, and then it would do so again.
function M._ended(options, answered, unasked)
  local status = require("dgls.status")
  if not unasked then
    return status.forget()
  end
  local shown = status.failure ~= nil
  status.ended(answered)
  if answered then
    M._come_back(options)
  elseif not shown then
    vim.notify("dgls: " .. status.trouble(), vim.log.levels.ERROR)
  end
end

--- Start a server that ended unasked again, later each time; after five times in a row only say so.
function M._come_back(options)
  if vim.v.exiting ~= vim.NIL then
    return
  end
  local now = vim.uv.now()
  crashes = now - crashed_at > STEADY_MS and 1 or crashes + 1
  crashed_at = now
  if crashes > MOST_CRASHES then
    vim.notify("dgls: the server keeps ending; :Dgls log may say why", vim.log.levels.ERROR)
    return
  end
  vim.defer_fn(function()
    M._attach_all(options)
  end, FIRST_PAUSE_MS * 2 ^ (crashes - 1))
end

--- The client that serves `buffer`, if any.
---@param buffer integer
function M.client(buffer)
  return vim.lsp.get_clients({ name = "dgls", bufnr = buffer })[1]
end

--- Send a request; answers whether it was sent, and its id.
---@return boolean, integer?
function M.request(client, method, params, handler, buffer)
  if vim.fn.has("nvim-0.11") == 1 then
    return client:request(method, params, handler, buffer)
  end
  return client.request(method, params, handler, buffer)
end

function M.notify(client, method, params)
  if vim.fn.has("nvim-0.11") == 1 then
    client:notify(method, params)
  else
    client.notify(method, params)
  end
end

function M.cancel(client, request)
  if vim.fn.has("nvim-0.11") == 1 then
    client:cancel_request(request)
  else
    client.cancel_request(request)
  end
end

return M
