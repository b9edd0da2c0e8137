import mqtt from 'mqtt';
import { noteContained } from './containment.js';
import type { Logger } from './log.js';

/** Messages between services, at least once. MQTT is behind it; another broker would be another file like this one. */
export interface Bus {
  /** The broker is in reach and has taken all subscriptions. */
  readonly connected: boolean;
  /** Resolves when the broker has the message; throws when it does not say so within `limitMs`. */
  publish(topic: string, message: unknown, limitMs: number): Promise<void>;
  /** The handler gets the parsed JSON. It must check it, and must expect a message twice. */
  subscribe(topic: string, handle: (message: unknown) => void): void;
  close(): Promise<void>;
}

/** Connects in the background and for ever: a broker that is away is normal, not an error. */
export function connectBus(address: string, clientId: string, log: Logger): Bus {
  const client = mqtt.connect(`mqtt://${address}`, {
    clientId,
    // A dead connection is noticed within 1.5 times this many seconds.
    keepalive: 4,
    reconnectPeriod: 250,
    connectTimeout: 3_000,
    queueQoSZero: false,
    resubscribe: false,
  });
  const handlers = new Map<string, (message: unknown) => void>();
  let subscribed = false;
  // Done here and not by the client: a connection that is lost while it subscribes would be an error for nobody to catch.
  const subscribeAll = async (): Promise<void> => {
    subscribed = false;
    try {
      if (handlers.size > 0) await client.subscribeAsync([...handlers.keys()], { qos: 1 });
      subscribed = true;
      log.info({ broker: address }, 'connected to the broker');
    } catch (error) {
      log.warn({ broker: address, err: error }, 'not subscribed; the next connection tries again');
    }
  };
  client.on('connect', () => void subscribeAll());
  client.on('close', () => log.debug({ broker: address }, 'connection to the broker closed'));
  client.on('offline', () => log.warn({ broker: address }, 'broker is out of reach'));
  client.on('error', (error) => log.warn({ broker: address, reason: error.message }, 'broker connection failed'));
  client.on('message', (topic, payload) => {
    try {
      handlers.get(topic)?.(JSON.parse(payload.toString()));
    } catch (error) {
      // A poison message is put on record and left behind; it must not hold up those behind it.
      noteContained(log, 'handler', topic, undefined, error);
    }
  });
  return {
    get connected() {
      return client.connected && subscribed;
    },
    async publish(topic, message, limitMs) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no acknowledgement from the broker within ${limitMs} ms`)), limitMs);
      });
      try {
        await Promise.race([client.publishAsync(topic, JSON.stringify(message), { qos: 1 }), late]);
      } finally {
        clearTimeout(timer);
      }
    },
    subscribe(topic, handle) {
      handlers.set(topic, handle);
      if (client.connected) void subscribeAll();
    },
    async close() {
      await client.endAsync(true);
    },
  };
}
