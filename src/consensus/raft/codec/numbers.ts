/**
 * Makes protobufjs read and write uint64 as plain numbers, exact to 2^53. Must be evaluated before
 * any generated code: import `wire.js`, never the generated code itself.
 */
import protobuf from 'protobufjs/minimal.js';

// The types say that `Long` is always there; `null` is how protobufjs marks its absence.
(protobuf.util as { Long: unknown }).Long = null;
protobuf.configure();
