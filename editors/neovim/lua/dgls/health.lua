--- :checkhealth dgls

local M = {}

function M.check()
  local health = vim.health
  health.start("dgls")
  M._neovim(health)
  local program = M._program(require("dgls.config").current.cmd)
  if M._server(health, program) then
    M._doctor(health, program)
  end
  M._clients(health)
end

function M._neovim(health)
  local version = vim.version()
  local said = ("Neovim %d.%d.%d"):format(version.major, version.minor, version.patch)
  if vim.lsp.inline_completion then
    health.ok(said .. ": ghost text by vim.lsp.inline_completion")
  elseif vim.fn.has("nvim-0.10") == 1 then
    health.ok(said .. ": ghost text by extmarks")
  else
    health.error(said .. " is too old", { "Update to Neovim 0.10 or later; 0.12 is what dgls is tested with." })
  end
end

--- How long the server's program may take to say how it is: nothing else can be done in Neovim meanwhile.
M.patience_ms = 15000

--- The words of `command` that name the program: those before `serve`.
function M._program(command)
  local words = {}
  for _, word in ipairs(command) do
    if word == "serve" then
      break
    end
    words[#words + 1] = word
  end
  return words
end

--- Run the program with `arguments`, for as long as there is patience; its code is 124 where that was not enough.
function M._run(program, arguments)
  return vim.system(vim.list_extend(vim.list_slice(program), arguments), { text = true }):wait(M.patience_ms)
end

function M._server(health, program)
  local name = table.concat(program, " ")
  if vim.fn.executable(program[1]) == 0 then
    health.error(("there is no command %q"):format(program[1]), {
      "Install dgls with pip, in an environment that is on PATH when Neovim starts,",
      'or name it: require("dgls").setup({ cmd = { "/path/to/dgls", "serve", "--shared" } })',
    })
    return false
  end
  local done = M._run(program, { "--version" })
  if done.code ~= 0 then
    local said = vim.trim(done.stderr ~= "" and done.stderr or done.stdout)
    health.error(("%s does not start"):format(name), {
      said ~= "" and said:match("[^\n]*$") or "The Python that it was installed with may be gone.",
      "Install dgls again with pip, in an environment of a Python of 3.11 or later.",
    })
    return false
  end
  health.ok(("%s: %s"):format(#program == 1 and vim.fn.exepath(name) or name, vim.trim(done.stdout)))
  return true
end

--- What the server's own doctor finds, without its trial fill.
function M._doctor(health, program)
  local advice = { ("Run it in a terminal: %s doctor"):format(table.concat(program, " ")) }
  local done = M._run(program, { "doctor", "--json", "--no-fill" })
  if done.code == 124 then
    health.warn(("dgls doctor has no answer within %d s"):format(M.patience_ms / 1000), advice)
    return
  end
  local ok, report = pcall(vim.json.decode, done.stdout)
  if not ok or type(report) ~= "table" then
    health.warn("dgls doctor has no answer", advice)
    return
  end
  for _, finding in ipairs(report.findings) do
    health.error(finding.wrong, { finding.next_step })
  end
  if #report.findings == 0 then
    health.ok("dgls doctor finds nothing wrong")
  end
  health.info(("a trial fill, with its time: %s doctor, in a terminal"):format(table.concat(program, " ")))
end

function M._clients(health)
  local clients = vim.lsp.get_clients({ name = "dgls" })
  local trouble = require("dgls.status").trouble()
  if trouble then
    health.error(trouble)
  elseif #clients == 0 then
    health.info("no buffer is served now: open a file of one of the chosen file types")
  end
  for _, client in ipairs(clients) do
    local last = require("dgls.status").last
    local state = last and not trouble and (": " .. last.state .. (last.message ~= "" and ": " .. last.message or "")) or ""
    health.ok(("client %d serves %d buffer(s)%s"):format(client.id, vim.tbl_count(client.attached_buffers), state))
  end
end

return M
