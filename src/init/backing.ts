/** A kind of server that services depend on. */
export interface Backing {
  kind: string;
  port: number;
  /** Schemes of URLs that lead to it. */
  schemes: readonly string[];
  /** Found in the name of an image. */
  image: RegExp;
  /** How a link to it is measured; `tcp` has no canary of its own. */
  protocol: 'tcp' | 'redis' | 'mqtt';
}

const BACKINGS: readonly Backing[] = [
  {
    kind: 'postgres',
    port: 5432,
    schemes: ['postgres', 'postgresql'],
    image: /postgres|postgis|timescale/,
    protocol: 'tcp',
  },
  { kind: 'mysql', port: 3306, schemes: ['mysql', 'mariadb'], image: /mysql|mariadb/, protocol: 'tcp' },
  { kind: 'redis', port: 6379, schemes: ['redis', 'rediss'], image: /redis|valkey|keydb/, protocol: 'redis' },
  { kind: 'mongodb', port: 27017, schemes: ['mongodb'], image: /mongo/, protocol: 'tcp' },
  { kind: 'rabbitmq', port: 5672, schemes: ['amqp', 'amqps'], image: /rabbitmq/, protocol: 'tcp' },
  { kind: 'mqtt', port: 1883, schemes: ['mqtt'], image: /mosquitto|emqx|hivemq/, protocol: 'mqtt' },
  { kind: 'nats', port: 4222, schemes: ['nats'], image: /(?:^|\/)nats/, protocol: 'tcp' },
  { kind: 'elasticsearch', port: 9200, schemes: [], image: /elasticsearch|opensearch/, protocol: 'tcp' },
];

/** How a link to this kind is measured. */
export function protocolOf(kind: string): Backing['protocol'] {
  return BACKINGS.find((one) => one.kind === kind)?.protocol ?? 'tcp';
}

export function kindOfImage(image: string): string | undefined {
  return BACKINGS.find((one) => one.image.test(image))?.kind;
}

export function kindOfPort(port: number): string | undefined {
  return BACKINGS.find((one) => one.port === port)?.kind;
}

/** `redis://127.0.0.1:6380/0` → redis on 6380; undefined for what leads to none of them. `localhost` is 127.0.0.1. */
export function kindOfUrl(text: string): { kind: string; host: string; port: number } | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, port } = new URL(text);
  const backing = BACKINGS.find(({ schemes }) => schemes.includes(protocol.slice(0, -1)));
  if (backing === undefined || hostname === '') return undefined;
  return { kind: backing.kind, host: hostname, port: port === '' ? backing.port : Number(port) };
}
