// Stands between an editor and the server: passes every byte on, and writes each message to a file, one JSON line each.
//   node recorder.mjs FILE PROGRAM ARGUMENTS...
// A first line names the process of the server, so that a test can end it.

import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";

const [file, program, ...args] = process.argv.slice(2);

function note(entry) {
  appendFileSync(file, `${JSON.stringify({ recorder: process.pid, at: Date.now(), ...entry })}\n`);
}

/** Cuts a stream into messages and notes each. */
function reader(from) {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const end = rest.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = Number(/Content-Length: (\d+)/i.exec(rest.subarray(0, end).toString())[1]);
      if (rest.length < end + 4 + length) return;
      note({ from, message: JSON.parse(rest.subarray(end + 4, end + 4 + length).toString()) });
      rest = rest.subarray(end + 4 + length);
    }
  };
}

if (args.includes("--version") || args.includes("doctor")) {
  spawn(program, args, { stdio: "inherit" }).on("exit", (status) => process.exit(status ?? 1));
} else {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  note({ from: "recorder", pid: child.pid, args });
  const client = reader("client");
  const server = reader("server");
  process.stdin.on("data", (chunk) => { child.stdin.write(chunk); client(chunk); });
  process.stdin.on("end", () => child.stdin.end());
  child.stdin.on("error", () => {}); // it has ended; its exit says so
  child.stderr.on("data", (chunk) => { process.stderr.write(chunk); note({ from: "recorder", stderr: chunk.toString() }); });
  child.stdout.on("data", (chunk) => { process.stdout.write(chunk); server(chunk); });
  child.on("exit", (status, signal) => {
    note({ from: "recorder", ended: status ?? signal });
    process.exit(status ?? 1);
  });
}
