/** A refusal of the API: its HTTP status and the text of its `error` field. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

export const badRequest = (detail: string): ApiError => new ApiError(400, `bad request body: ${detail}`);
export const missingField = (field: string): ApiError => new ApiError(400, `missing required field: ${field}`);
export const proxyNotFound = (): ApiError => new ApiError(404, 'proxy not found');
export const toxicNotFound = (): ApiError => new ApiError(404, 'toxic not found');
