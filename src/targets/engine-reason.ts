import { messageOf, systemCodeOf } from '../support/errors.js';

/** Why the Docker Engine gave no answer, in words, with the address that was asked where DOCKER_HOST names one. */
export function reasonOf(error: unknown): string {
  const host = process.env['DOCKER_HOST'];
  const at = host ? ` at DOCKER_HOST=${host}` : '';
  const code = systemCodeOf(error);
  switch (code) {
    case 'ENOENT': {
      // The library reads ca.pem, cert.pem and key.pem before it asks anybody.
      const file = (error as { syscall?: unknown; path?: unknown }).syscall === 'open' ? pathOf(error) : undefined;
      return file === undefined
        ? `there is no Docker socket${at}`
        : `${file} is missing, which DOCKER_TLS_VERIFY and DOCKER_CERT_PATH ask for`;
    }
    case 'EACCES':
      return `this user may not use the Docker socket${at}`;
    case 'ECONNREFUSED':
      return `the Docker Engine is not running${at}`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the host is not known${at}`;
    case 'EPROTO':
      return `one side speaks TLS and the other does not${at}: does DOCKER_TLS_VERIFY fit the engine?`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the engine's certificate is for another host${at}: ${messageOf(error)}`;
    case 'CERT_HAS_EXPIRED':
      return `the engine's certificate has expired${at}`;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'CERT_SIGNATURE_FAILURE':
      return `the engine's certificate is not signed by the ca.pem in DOCKER_CERT_PATH${at} (${code})`;
    default:
      return code?.startsWith('ERR_SSL_') === true || code?.startsWith('ERR_OSSL_') === true
        ? `the TLS handshake failed${at}: ${messageOf(error)}. Is cert.pem in DOCKER_CERT_PATH signed by the engine's own authority?`
        : `${messageOf(error)}${at}`;
  }
}

function pathOf(error: unknown): string | undefined {
  const { path } = error as { path?: unknown };
  return typeof path === 'string' ? path : undefined;
}
