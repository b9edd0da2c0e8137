// Autocannon as it is, in a process of its own: what it reports for the options given as JSON. Tells the result over IPC,
// with the times (ms from the start) at which it says that it sent requests, and what its `onResponse` was told.
import autocannon from 'autocannon';

const options = JSON.parse(process.argv[2]);
const wrong = { calls: 0, ofOther: 0 };
if (options.paths) {
  options.requests = options.paths.map((path) => ({
    path,
    onResponse: (_status, body) => {
      wrong.calls++;
      if (body !== path) wrong.ofOther++;
    },
  }));
}
const startMs = performance.now();
const sentMs = [];
const secondCounts = [];
const instance = autocannon({
  ...options,
  setupClient: (client) => client.on('request', () => sentMs.push(performance.now() - startMs)),
});
instance.on('tick', ({ counter }) => secondCounts.push(counter));
const result = await instance;
process.send({ result, sentMs, secondCounts, wrong }, () => process.exit(0));
