/** What two threads say to each other: who writes in haste keeps nobody, and leaves out what need not come. */
import assert from "node:assert/strict";
import { allocateRing } from "../../../../lib/base/ring.ts";
import { Inbox, Outbox } from "../../../../lib/engine/loop/workers/mailbox.ts";
import { Loop } from "../../../../lib/engine/loop/loop.ts";
import { openBell } from "../../../../lib/sys/bell.ts";
import { EPOLLIN } from "../../../../lib/sys/epoll.ts";
import type { Libc } from "../../../../lib/sys/libc.ts";
import { testLoop } from "../setting.ts";

class Post implements Disposable {
  readonly outbox: Outbox;
  readonly loop: Loop;
  readonly inbox: Inbox;
  readonly taken: number[] = [];
  /** Called with each record that was taken. */
  onTaken = () => {};
  readonly #bell;

  constructor(libc: Libc) {
    const onDefect = (error: unknown) => assert.fail(String(error));
    this.#bell = openBell(libc);
    const { descriptor: bell } = this.#bell;
    const line = { ring: allocateRing(), rung: new SharedArrayBuffer(4), bell };
    this.loop = new Loop(libc, { onDefect });
    this.outbox = new Outbox(libc, line);
    this.inbox = new Inbox(line, this.loop, onDefect, (kind) => {
      this.taken.push(kind);
      this.onTaken();
    });
  }

  [Symbol.dispose]() {
    this.inbox.close();
    this.#bell.close();
    this.loop.close();
  }
}

testLoop("who writes as fast as another one reads keeps that one no longer than a turn", (libc) => {
  using post = new Post(libc);
  let kind = 0;
  post.onTaken = () => {
    if (kind < 100) post.outbox.send(++kind, []);
  };
  post.outbox.send(++kind, []);
  for (let turn = 1; turn <= 5; turn++) {
    assert.equal(post.loop.turn(1_000), 1, "it is woken for what came meanwhile");
    assert.equal(post.taken.length, turn);
  }
});

testLoop("what is only offered waits for nobody, and overtakes nothing", (libc) => {
  using post = new Post(libc);
  const { outbox, inbox, taken } = post;
  const bytes = new Uint8Array(60_000);
  for (let i = 0; i < 4; i++) outbox.send(1, [], bytes);
  outbox.send(2, [], bytes);
  for (let i = 0; i < 10_000; i++) outbox.offer(3, [i]);
  inbox.read();
  assert.deepEqual(taken, [1, 1, 1, 1]);
  outbox.look();
  outbox.offer(4, []);
  inbox.read();
  assert.deepEqual(taken, [1, 1, 1, 1, 2, 4]);
});

testLoop("a bell that can't be watched stays open, whose it is", (libc) => {
  const loop = new Loop(libc, { onDefect: (error) => assert.fail(String(error)) });
  const { descriptor: bell, ring } = openBell(libc);
  let rung = 0;
  loop.watch(bell, EPOLLIN, { onEvent: () => void rung++, onTurn() {}, onDefect() {} });
  const line = { ring: allocateRing(), rung: new SharedArrayBuffer(4), bell };
  // It is watched already.
  assert.throws(() => new Inbox(line, loop, () => {}, () => {}), /exists/);
  ring();
  loop.turn(0);
  assert.equal(rung, 1);
  loop.close();
});
