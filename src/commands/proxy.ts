import type { CommandDefinition } from './command.js';

export default {
  register(program, context) {
    program
      .command('proxy')
      .description('the Toxiproxy-compatible server on its own: a drop-in for toxiproxy-server')
      .option('--host <host>', 'where the API listens', 'localhost')
      .option('--port <port>', 'port of the API', '8474')
      .option('--config <file>', 'JSON file with proxies to create at the start')
      .option('--seed <number>', 'seed of toxicity and jitter')
      .option('--proxy-metrics', 'count bytes per proxy on /metrics')
      .option('--runtime-metrics', 'Node.js process metrics on /metrics')
      .option('--version', 'print the version')
      .action(async () => {
        const { runProxy } = await import('../proxy/main.js');
        await runProxy(context);
      });
  },
} satisfies CommandDefinition;
