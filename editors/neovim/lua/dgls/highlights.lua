--- Colours: drafts by confidence, pins, gaps. All are links, so that a colour scheme decides.

local M = {}

local LINKS = {
  DglsGhost = "Comment",
  DglsNoise = "NonText",
  DglsUnsure = "DiagnosticWarn",
  DglsLikely = "DiagnosticInfo",
  DglsSure = "DiagnosticOk",
  DglsPin = "Underlined",
  DglsFilled = "DiffAdd",
}

function M.define()
  for name, target in pairs(LINKS) do
    vim.api.nvim_set_hl(0, name, { link = target, default = true })
  end
end

--- The group for a draft's `confidence`, a probability; nil or vim.NIL where it is still noise.
---@return string
function M.of(confidence)
  if type(confidence) ~= "number" then
    return "DglsNoise"
  end
  return confidence < 0.5 and "DglsUnsure" or confidence < 0.85 and "DglsLikely" or "DglsSure"
end

return M
