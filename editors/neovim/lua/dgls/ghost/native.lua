--- Ghost text by vim.lsp.inline_completion (Neovim 0.12 and later).

local M = {}

function M.setup()
  vim.api.nvim_create_autocmd("LspAttach", {
    group = vim.api.nvim_create_augroup("dgls.ghost", {}),
    callback = function(event)
      local client = vim.lsp.get_client_by_id(event.data.client_id)
      if client and client.name == "dgls" then
        vim.lsp.inline_completion.enable(true, { client_id = client.id })
      end
    end,
  })
end

--- Hand what is shown to `take`, and hide it; answers false where nothing is shown.
---@param take fun(item: dgls.Item)
---@return boolean
function M.take(take)
  return vim.lsp.inline_completion.get({
    on_accept = function(item)
      local cursor = vim.api.nvim_win_get_cursor(0)
      local range = item.range or { start_row = cursor[1] - 1, start_col = cursor[2], end_row = cursor[1] - 1, end_col = cursor[2] }
      take({
        text = type(item.insert_text) == "string" and item.insert_text or item.insert_text.value,
        start = { range.start_row, range.start_col },
        finish = { range.end_row, range.end_col },
        command = item.command,
        client_id = item.client_id,
      })
    end,
  })
end

---@param count integer
---@return boolean
function M.select(count)
  vim.lsp.inline_completion.select({ count = count })
  return true
end

return M
