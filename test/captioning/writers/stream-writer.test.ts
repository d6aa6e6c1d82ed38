import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { coco } from '../../../src/captioning/writers/coco.ts';
import { csv } from '../../../src/captioning/writers/csv.ts';
import { jsonl } from '../../../src/captioning/writers/jsonl.ts';
import { StreamWriter } from '../../../src/captioning/writers/stream-writer.ts';
import { plain, tsv } from '../../../src/captioning/writers/tsv.ts';
import { photo } from './photos.ts';

/** Keeps what is written, a piece at a time, each taken a moment later. */
class Sink extends Writable {
  readonly pieces: string[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    setTimeout(() => {
      this.pieces.push(chunk.toString());
      done();
    }, 1);
  }
}

describe('StreamWriter', () => {
  it('has each record out before write resolves: head first, tail at the end', async () => {
    const sink = new Sink();
    const writer = new StreamWriter(sink, coco);
    await writer.write(photo('1.jpg', 'a dog'));
    expect(sink.pieces).toEqual(['[\n{"image_id":1,"caption":"a dog"}\n']);
    await writer.write(photo('2.jpg', 'a cat'));
    expect(sink.pieces[1]).toBe(',{"image_id":2,"caption":"a cat"}\n');
    await writer.close();
    expect(sink.pieces[2]).toBe(']\n');
    expect(JSON.parse(sink.pieces.join(''))).toHaveLength(2);
    expect(sink.writableEnded).toBe(false);
  });

  it('writes a document without records when there are none', async () => {
    const sinks = [new Sink(), new Sink(), new Sink()];
    const formats = [coco, csv({ header: true }), jsonl];
    for (const [at, sink] of sinks.entries()) await new StreamWriter(sink, formats[at]!).close();
    expect(sinks.map(({ pieces }) => pieces)).toEqual([['[\n]\n'], ['file_name,text,score\r\n'], []]);
  });

  it('names photographs relative to a folder in documents, as the user did in tsv', async () => {
    const lines = async (format: typeof jsonl, folder?: string) => {
      const sink = new Sink();
      const writer = new StreamWriter(sink, format, folder);
      for (const path of ['photos/a.jpg', resolve('b.jpg'), '-']) await writer.write(photo(path, 'a dog'));
      return sink.pieces;
    };
    const names = (pieces: string[]) => pieces.map((piece) => JSON.parse(piece).file_name);
    expect(names(await lines(jsonl))).toEqual(['photos/a.jpg', 'b.jpg', '-']);
    expect(names(await lines(jsonl, 'photos'))).toEqual(['a.jpg', '../b.jpg', '-']);
    expect(await lines(tsv)).toEqual(['photos/a.jpg\ta dog\n', `${resolve('b.jpg')}\ta dog\n`, '-\ta dog\n']);
    expect(await lines(plain)).toEqual(['a dog\n', 'a dog\n', 'a dog\n']);
  });

  it('has nothing from before', async () => {
    const writer = new StreamWriter(new Sink(), tsv);
    await writer.write(photo('a.jpg', 'a dog'));
    expect(await writer.has()).toBe(false);
  });

  it('says when the reader of the pipe is gone, and writes no more', async () => {
    const reader = spawn('sh', ['-c', 'read line; exec 0<&-; echo enough; sleep 60'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const writer = new StreamWriter(reader.stdin, coco);
    await writer.write(photo('1.jpg', 'a dog'));
    await once(reader.stdout, 'data');
    await expect(writer.write(photo('2.jpg', 'a cat'))).rejects.toThrow(
      'standard output was closed by the program that reads it',
    );
    reader.kill();
    await expect(writer.close()).resolves.toBeUndefined();
  });

  it.skipIf(!existsSync('/dev/full'))('says when the disk is full', async () => {
    const writer = new StreamWriter(createWriteStream('/dev/full'), jsonl);
    const failure = expect.objectContaining({
      name: 'UserError',
      message: expect.stringMatching(/^cannot write standard output: ENOSPC: no space left on device/),
    });
    await expect(writer.write(photo('a.jpg', 'a dog'))).rejects.toThrow(failure);
    await expect(writer.write(photo('b.jpg', 'a dog'))).rejects.toThrow(failure);
    await writer.close();
  });

  it('says so where a stream throws (as standard output to a file may)', async () => {
    let calls = 0;
    const broken = new Writable({
      write() {
        calls++;
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      },
    });
    const writer = new StreamWriter(broken, coco);
    await expect(writer.write(photo('1.jpg', 'a dog'))).rejects.toThrow(
      'cannot write standard output: ENOSPC: no space left on device, write',
    );
    await writer.close();
    expect(calls).toBe(1);
  });

  it('tells an error between two writes at the second', async () => {
    const sink = new Sink();
    const writer = new StreamWriter(sink, jsonl);
    await writer.write(photo('a.jpg', 'a dog'));
    sink.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    await new Promise((resolve) => sink.once('close', resolve));
    await expect(writer.write(photo('b.jpg', 'a dog'))).rejects.toThrow('standard output was closed');
    await writer.close();
    expect(sink.pieces).toHaveLength(1);
  });
});
