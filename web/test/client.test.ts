import { afterEach, expect, test, vi } from 'vitest';
import { api, ApiError, session, signIn } from '../src/api/client';

const me = { person: { id: '1', name: 'Kim', username: 'kim' }, tenant: { code: 'demo', name: 'Demo' }, cells: [], roles: [], permissions: [], memberships: [] };
const json = (status: number, body: unknown) => new Response(JSON.stringify(body), { status });

/** Answers calls from a script of [path, answer], in order. */
function script(...steps: [string, Response][]) {
  const seen: { path: string; headers: Record<string, string> }[] = [];
  vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
    const step = steps.shift();
    seen.push({ path, headers: init.headers as Record<string, string> });
    expect(path).toContain(step?.[0]);
    return Promise.resolve(step?.[1]);
  });
  return seen;
}

async function signedIn(...steps: [string, Response][]) {
  const seen = script(['/auth/token', json(200, { access_token: 'a1' })], ['/auth/me', json(200, me)], ...steps);
  await signIn('demo', 'kim', 'secret');
  return seen;
}

afterEach(() => vi.unstubAllGlobals());

test('an expired token is refreshed once and the same write is sent again under the same id', async () => {
  const seen = await signedIn(
    ['/toy/notes', json(401, { code: 'TOKEN_EXPIRED', message: '' })],
    ['/auth/token', json(200, { access_token: 'a2' })],
    ['/toy/notes', json(201, { id: 'n' })],
  );
  expect(await api('/toy/notes', { method: 'POST', body: {} })).toEqual({ id: 'n' });
  expect(seen[4]?.headers.Authorization).toBe('Bearer a2');
  expect(seen[4]?.headers['X-Request-ID']).toBe(seen[2]?.headers['X-Request-ID']);
  expect(seen[4]?.headers['X-Tenant-Id']).toBe('demo');
});

test('a session that cannot be refreshed ends', async () => {
  await signedIn(['/toy/notes', json(401, { code: 'UNAUTHENTICATED', message: 'x' })], ['/auth/token', json(401, { code: 'UNAUTHENTICATED' })]);
  await expect(api('/toy/notes')).rejects.toBeInstanceOf(ApiError);
  expect(session.get().phase).toBe('out');
});

test('a wrong current password is refused without ending the session', async () => {
  await signedIn(['/auth/password', json(401, { code: 'INVALID_CREDENTIALS', message: 'wrong' })]);
  await expect(api('/auth/password', { method: 'POST', body: {} })).rejects.toThrow('wrong');
  expect(session.get().phase).toBe('in');
});

test('a refusal names its fields', () => {
  const error = new ApiError(400, 'VALIDATION_FAILED', 'm', [{ field: 'lines[2].quantity', code: 'REQUIRED', message: 'Required' }, 7]);
  expect(error.fields).toEqual([{ field: 'lines[2].quantity', code: 'REQUIRED', message: 'Required' }]);
});
