// Asks the service and turns its refusals into `Problem`s that people can read.
// Used by every page; nothing else calls `fetch`.
// Every request ends within 20 s, and only GET requests are ever repeated.

const base = '/api/v1';
const timeoutMs = 20_000;

/** A refusal of the service (RFC 9457) or a broken line (`status` 0). */
export class Problem extends Error {
  constructor(
    /** A stable word, for example `wrong-stage`. */
    readonly word: string,
    title: string,
    readonly status: number,
    readonly errors: string[] = [],
  ) {
    super(title);
  }

  get offline(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 504;
  }
}

async function problemOf(answer: Response): Promise<Problem> {
  try {
    const body = (await answer.json()) as { type?: string; title?: string; errors?: string[] };
    const word = body.type?.split('/').at(-1) ?? 'unknown';
    return new Problem(word, body.title ?? answer.statusText, answer.status, body.errors ?? []);
  } catch {
    return new Problem('unknown', answer.statusText || String(answer.status), answer.status);
  }
}

async function call<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(base + path, {
      method,
      headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (fault) {
    throw new Problem('offline', fault instanceof Error ? fault.message : String(fault), 0);
  }
  if (!answer.ok) throw await problemOf(answer);
  if (answer.status === 204 || answer.status === 202) return undefined as T;
  const text = await answer.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

export const ask = <T>(path: string): Promise<T> => call<T>('GET', path);
export const post = <T = void>(path: string, body?: unknown, headers?: Record<string, string>): Promise<T> => call<T>('POST', path, body, headers);
export const put = <T = void>(path: string, body: unknown): Promise<T> => call<T>('PUT', path, body);
export const remove = (path: string): Promise<void> => call<void>('DELETE', path);
