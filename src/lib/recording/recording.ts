import type { RecordedAnswer, RecordedRequest } from './recorded-answer.ts';

/** The calls of the Workload API that are recorded. */
export const RECORDED_METHODS = [
  'FetchX509SVID',
  'FetchX509Bundles',
  'FetchJWTSVID',
  'FetchJWTBundles',
  'ValidateJWTSVID',
] as const;
export type RecordedMethod = (typeof RECORDED_METHODS)[number];

/** Name and version of the form of a recording. */
export const RECORDING_SCHEMA = 'workload-api-recording/v1';

/** The first line of a recording. */
export interface RecordingHead {
  readonly schema: typeof RECORDING_SCHEMA;
  /** RFC 3339; certificates and tokens are as old as they were then. */
  readonly recorded_at: string;
  readonly spirekit_version: string;
  /** Whether names were replaced too. */
  readonly pseudonyms: boolean;
}

/** What follows, in order; `at_ms` counts from the beginning of the recording. */
export type RecordedEvent =
  | {
      readonly event: 'call';
      readonly at_ms: number;
      /** Numbers calls from 1. */
      readonly call: number;
      readonly method: RecordedMethod;
      /** The values of `workload.spiffe.io` that came with it; of other metadata nothing is kept. */
      readonly security_header: readonly string[];
      readonly request: RecordedRequest;
    }
  | { readonly event: 'answer'; readonly at_ms: number; readonly call: number; readonly answer: RecordedAnswer }
  | {
      readonly event: 'end';
      readonly at_ms: number;
      readonly call: number;
      /** Of gRPC; 0 is OK. */
      readonly status: number;
      readonly message: string;
      /** Who ended it. */
      readonly by: 'server' | 'client';
    }
  | { readonly event: 'stop'; readonly at_ms: number; readonly reason: StopReason };

/** Why a recording ends: what it was told to wait for is over, or there is no room for more. */
export type StopReason = 'done' | 'size';

/** A recording as a whole. */
export interface Recording {
  readonly head: RecordingHead;
  readonly events: readonly RecordedEvent[];
}
