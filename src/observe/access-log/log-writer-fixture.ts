// For tests: a process that writes numbered lines of 1 KiB to its standard output through the access log writer, reports on its standard
// error as JSON, and ends by `process.exit`. Arguments: number of lines, backlog.
import { createAccessLogWriter } from './access-log-writer.ts';

const [lines = '0', backlog = '0'] = process.argv.slice(2);
const errors: string[] = [];
const writer = createAccessLogWriter({ destination: 1, maxBacklog: Number(backlog), onError: (error) => errors.push(error.message) });
const startedAt = performance.now();
for (let i = 0; i < Number(lines); i++) writer.write(`${i} `.padEnd(1023, 'x') + '\n', 1);
const tookMs = performance.now() - startedAt;
const isFlushed = await writer.flush(500);
writer.write('last\n', 1);
await writer.flush(500);
process.stderr.write(JSON.stringify({ isFlushed, droppedLines: writer.droppedLines, errors, tookMs }));
setTimeout(() => process.exit(0), 20);
