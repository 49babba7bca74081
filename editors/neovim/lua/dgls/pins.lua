--- Pins: parts of a selection that must survive to the letter. They move with the text until they are used or cleared.

local places = require("dgls.places")

local M = {}

local NAMESPACE = vim.api.nvim_create_namespace("dgls.pins")

--- Pin a span, or take the pin away where there is the very same one.
---@param span dgls.Span
---@return boolean whether it is pinned now
function M.toggle(buffer, span)
  for _, pin in ipairs(M.all(buffer)) do
    if vim.deep_equal(pin.span, span) then
      vim.api.nvim_buf_del_extmark(buffer, NAMESPACE, pin.id)
      return false
    end
  end
  vim.api.nvim_buf_set_extmark(buffer, NAMESPACE, span[1], span[2], {
    end_row = span[3],
    end_col = span[4],
    hl_group = "DglsPin",
    right_gravity = true,
    end_right_gravity = false,
  })
  return true
end

---@return { id: integer, span: dgls.Span }[]
function M.all(buffer)
  local marks = vim.api.nvim_buf_get_extmarks(buffer, NAMESPACE, 0, -1, { details = true })
  return vim.tbl_map(function(mark)
    return { id = mark[1], span = { mark[2], mark[3], mark[4].end_row, mark[4].end_col } }
  end, marks)
end

--- The pins inside of `span`, as ranges of the protocol.
---@param span dgls.Span
function M.inside(buffer, span, encoding)
  local ranges = {}
  for _, pin in ipairs(M.all(buffer)) do
    local own = pin.span
    local begins = own[1] > span[1] or (own[1] == span[1] and own[2] >= span[2])
    local ends = own[3] < span[3] or (own[3] == span[3] and own[4] <= span[4])
    local something = own[1] < own[3] or own[2] < own[4]
    if begins and ends and something then
      ranges[#ranges + 1] = places.range(buffer, own, encoding)
    end
  end
  return ranges
end

function M.clear(buffer)
  vim.api.nvim_buf_clear_namespace(buffer, NAMESPACE, 0, -1)
end

return M
