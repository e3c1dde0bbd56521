package org.secondsite.replicator.disk;

/**
 * The numbers of the NBD protocol (doc/proto.md of the NetworkBlockDevice project), fixed newstyle handshake.
 *
 * <pre>
 * greeting          "NBDMAGIC" | "IHAVEOPT" | handshake flags u16                    client's answer: flags u32
 * option            "IHAVEOPT" | option u32 | length u32 | data …
 * option's reply    0x3e889045565a9 u64 | option u32 | reply type u32 | length u32 | data …
 *
 * request           0x25609513 u32 | flags u16 | command u16 | cookie u64 | offset u64 | length u32 | (WRITE: data)
 * simple reply      0x67446698 u32 | error u32 | cookie u64 | (READ: data)
 * structured reply  0x668e33ef u32 | flags u16 | chunk type u16 | cookie u64 | length u32 | payload …
 * </pre>
 *
 * Everything is big-endian.
 */
final class Nbd {
    static final long GREETING_MAGIC = 0x4e42444d41474943L;
    static final long OPTION_MAGIC = 0x49484156454F5054L;
    static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;
    static final int REQUEST_MAGIC = 0x25609513;
    static final int SIMPLE_REPLY_MAGIC = 0x67446698;
    static final int STRUCTURED_REPLY_MAGIC = 0x668e33ef;

    /** The bytes of a request without its data. */
    static final int REQUEST_BYTES = 28;

    static final int SIMPLE_REPLY_BYTES = 16;
    static final int STRUCTURED_REPLY_BYTES = 20;

    static final int FLAG_FIXED_NEWSTYLE = 1;
    static final int FLAG_NO_ZEROES = 2;

    static final int OPTION_EXPORT_NAME = 1;
    static final int OPTION_ABORT = 2;
    static final int OPTION_LIST = 3;
    static final int OPTION_INFO = 6;
    static final int OPTION_GO = 7;
    static final int OPTION_STRUCTURED_REPLY = 8;
    static final int OPTION_LIST_META_CONTEXT = 9;
    static final int OPTION_SET_META_CONTEXT = 10;

    static final int REPLY_ACK = 1;
    static final int REPLY_SERVER = 2;
    static final int REPLY_INFO = 3;
    static final int REPLY_META_CONTEXT = 4;
    static final int REPLY_UNSUPPORTED = 0x80000001;
    static final int REPLY_INVALID = 0x80000003;
    static final int REPLY_UNKNOWN_EXPORT = 0x80000006;
    static final int REPLY_TOO_BIG = 0x80000009;

    static final int INFO_EXPORT = 0;
    static final int INFO_BLOCK_SIZE = 3;

    static final int EXPORT_HAS_FLAGS = 1;
    static final int EXPORT_READ_ONLY = 1 << 1;
    static final int EXPORT_FLUSH = 1 << 2;
    static final int EXPORT_FUA = 1 << 3;
    static final int EXPORT_TRIM = 1 << 5;
    static final int EXPORT_WRITE_ZEROES = 1 << 6;
    static final int EXPORT_DONT_FRAGMENT = 1 << 7;
    static final int EXPORT_MULTI_CONNECTION = 1 << 8;

    static final int READ = 0;
    static final int WRITE = 1;
    static final int DISCONNECT = 2;
    static final int FLUSH = 3;
    static final int TRIM = 4;
    static final int WRITE_ZEROES = 6;
    static final int BLOCK_STATUS = 7;

    static final int COMMAND_FUA = 1;
    static final int COMMAND_NO_HOLE = 1 << 1;
    static final int COMMAND_DONT_FRAGMENT = 1 << 2;
    static final int COMMAND_ONE_EXTENT = 1 << 3;

    static final int CHUNK_DONE = 1;
    static final int CHUNK_OFFSET_DATA = 1;
    static final int CHUNK_BLOCK_STATUS = 5;
    static final int CHUNK_ERROR = (1 << 15) | 1;

    static final int STATUS_HOLE = 1;
    static final int STATUS_ZERO = 2;

    static final int OK = 0;
    static final int EPERM = 1;
    static final int EIO = 5;
    static final int EINVAL = 22;
    static final int ENOSPC = 28;

    /** The only metadata context that is served, and the number that stands for it on a connection. */
    static final String BASE_ALLOCATION = "base:allocation";

    static final int BASE_ALLOCATION_ID = 1;

    private Nbd() {}
}
