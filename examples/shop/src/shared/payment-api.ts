import { fileURLToPath } from 'node:url';
import { Client, credentials, Metadata, type MethodDefinition, type ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** `proto/payment.proto` in types. */
export interface ChargeRequest {
  order: string;
  sku: string;
  quantity: number;
}
export interface ChargeReply {
  paid: boolean;
  amountCents: number;
}
export interface QuoteRequest {
  sku: string;
}
export interface QuoteReply {
  sku: string;
  priceCents: number;
  currency: string;
}

const PROTO = fileURLToPath(new URL('../../proto/payment.proto', import.meta.url));
const definition = loadSync(PROTO, { defaults: true });

export const paymentService = definition['shop.Payment'] as ServiceDefinition;
export const chargeMethod = paymentService['Charge'] as MethodDefinition<ChargeRequest, ChargeReply>;
export const quoteMethod = paymentService['Quote'] as MethodDefinition<QuoteRequest, QuoteReply>;

/** A channel that comes back by itself, and notices within seconds when the other side has vanished without a word. */
export function paymentChannel(address: string): Client {
  return new Client(address, credentials.createInsecure(), {
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.min_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1_000,
    'grpc.keepalive_time_ms': 3_000,
    'grpc.keepalive_timeout_ms': 3_000,
    'grpc.keepalive_permit_without_calls': 1,
    // Nobody reads it, and it costs a tenth of the call.
    'grpc.enable_channelz': 0,
    'grpc.enable_retries': 0,
  });
}

/** One call with a deadline. Rejects with a gRPC `ServiceError`. */
export function callPayment<Request, Reply>(
  channel: Client,
  method: MethodDefinition<Request, Reply>,
  request: Request,
  trace: string,
  deadlineMs: number,
): Promise<Reply> {
  const metadata = new Metadata();
  metadata.set('traceparent', trace);
  return new Promise((resolve, reject) => {
    channel.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      metadata,
      { deadline: Date.now() + deadlineMs },
      (error, reply) => {
        if (error) reject(error);
        else if (reply === undefined) reject(new Error('payment sent an empty reply'));
        else resolve(reply);
      },
    );
  });
}
