--- A canvas as it settles: the drafts of each gap in place, coloured by confidence, while what stands there is hidden.
---
--- Nothing of it is text of the buffer: the one edit comes from the server when it is done.

local highlights = require("dgls.highlights")
local places = require("dgls.places")

local M = {}

local NAMESPACE = vim.api.nvim_create_namespace("dgls.canvas")

--- Window options that hide the gaps' own text, and what they were before.
local CONCEAL = { conceallevel = 2, concealcursor = "nvic" }
---@type table<integer, table<string, any>>
local hidden = {}

--- Draw a `dgls/frame`; one for another version of the document is dropped.
function M.show(buffer, client, frame)
  if not vim.api.nvim_buf_is_loaded(buffer) or vim.lsp.util.buf_versions[buffer] ~= frame.version then
    return
  end
  vim.api.nvim_buf_clear_namespace(buffer, NAMESPACE, 0, -1)
  for _, window in ipairs(vim.fn.win_findbuf(buffer)) do
    M._conceal(window)
  end
  for _, draft in ipairs(frame.drafts) do
    local row, column = places.place(buffer, draft.range.start, client.offset_encoding)
    local last_row, last_column = places.place(buffer, draft.range["end"], client.offset_encoding)
    M._draw(buffer, { row, column, last_row, last_column }, M._lines(draft.runs))
  end
end

--- Take away what is drawn in `buffer`.
function M.clear(buffer)
  if vim.api.nvim_buf_is_valid(buffer) then
    vim.api.nvim_buf_clear_namespace(buffer, NAMESPACE, 0, -1)
  end
  for window, before in pairs(hidden) do
    if vim.api.nvim_win_is_valid(window) then
      for name, value in pairs(before) do
        vim.api.nvim_set_option_value(name, value, { win = window, scope = "local" })
      end
    end
  end
  hidden = {}
end

function M._conceal(window)
  if hidden[window] then
    return
  end
  hidden[window] = {}
  for name, value in pairs(CONCEAL) do
    hidden[window][name] = vim.api.nvim_get_option_value(name, { win = window, scope = "local" })
    vim.api.nvim_set_option_value(name, value, { win = window, scope = "local" })
  end
end

--- The runs of a draft as lines of chunks that extmarks take.
function M._lines(runs)
  local lines = { {} }
  for _, run in ipairs(runs) do
    local noise = type(run.confidence) ~= "number"
    for index, text in ipairs(vim.split(run.text, "\n", { plain = true })) do
      if index > 1 then
        lines[#lines + 1] = {}
      end
      if text ~= "" then
        local said = noise and text:gsub("%S", "·") or text
        table.insert(lines[#lines], { said, highlights.of(run.confidence) })
      end
    end
  end
  return lines
end

---@param span dgls.Span
function M._draw(buffer, span, lines)
  local below = {}
  for index = 2, #lines do
    below[#below + 1] = #lines[index] > 0 and lines[index] or { { " ", "DglsNoise" } }
  end
  for row = span[1], span[3] do
    local text = vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1] or ""
    local from, to = row == span[1] and span[2] or 0, row == span[3] and span[4] or #text
    if from < to then
      vim.api.nvim_buf_set_extmark(buffer, NAMESPACE, row, from, { end_row = row, end_col = to, conceal = "" })
    end
  end
  vim.api.nvim_buf_set_extmark(buffer, NAMESPACE, span[1], span[2], {
    virt_text = #lines[1] > 0 and lines[1] or nil,
    virt_text_pos = vim.fn.has("nvim-0.10") == 1 and "inline" or "overlay",
    virt_lines = #below > 0 and below or nil,
  })
end

return M
