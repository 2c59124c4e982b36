import { afterEach, expect, test, vi } from 'vitest';
import { api, ApiError, lapsed, session, signIn, signInAgain, signOut } from '../src/api/client';

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

test('when the session is over, a write waits for the password and is then sent once more under the same id', async () => {
  const seen = await signedIn(
    ['/toy/notes', json(401, { code: 'UNAUTHENTICATED', message: 'x' })],
    ['/auth/token', json(401, { code: 'UNAUTHENTICATED' })],
    ['/auth/token', json(401, { code: 'INVALID_CREDENTIALS', message: 'wrong' })],
    ['/auth/token', json(200, { access_token: 'a9' })],
    ['/auth/me', json(200, me)],
    ['/toy/notes', json(201, { id: 'n' })],
  );
  const write = api('/toy/notes', { method: 'POST', body: {} });
  await vi.waitFor(() => expect(lapsed.get()).toBe(true));
  expect(session.get().phase).toBe('in');
  await expect(signInAgain('no')).rejects.toThrow('wrong');
  expect(lapsed.get()).toBe(true);
  await signInAgain('secret');
  expect(await write).toEqual({ id: 'n' });
  expect(lapsed.get()).toBe(false);
  expect(seen[7]?.headers['X-Request-ID']).toBe(seen[2]?.headers['X-Request-ID']);
  expect(seen[7]?.headers.Authorization).toBe('Bearer a9');
});

test('who leaves instead of signing in again is signed out, and the write that waited is refused', async () => {
  await signedIn(
    ['/toy/notes', json(401, { code: 'UNAUTHENTICATED', message: 'x' })],
    ['/auth/token', json(401, { code: 'UNAUTHENTICATED' })],
    ['/auth/revoke', json(200, null)],
  );
  const write = api('/toy/notes');
  const refused = expect(write).rejects.toBeInstanceOf(ApiError);
  await vi.waitFor(() => expect(lapsed.get()).toBe(true));
  await signOut();
  await refused;
  expect(session.get().phase).toBe('out');
});

test('a server that cannot be reached while the token is renewed ends no session', async () => {
  await signedIn(['/toy/notes', json(401, { code: 'TOKEN_EXPIRED', message: 'x' })], ['/auth/token', json(503, { code: 'UNAVAILABLE', message: 'later' })]);
  await expect(api('/toy/notes')).rejects.toThrow('later');
  expect([session.get().phase, lapsed.get()]).toEqual(['in', false]);
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
