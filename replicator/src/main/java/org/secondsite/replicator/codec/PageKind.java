package org.secondsite.replicator.codec;

/** How a page is coded: the lower three bits of its entry. */
enum PageKind {
    /** All zeros; no version of it is kept. */
    ZERO(0),
    /** Equal to the version that both ends keep. */
    SAME(1),
    /** Its words that differ from that version. */
    DELTA(2),
    /** Its words that are not zero; there is no earlier version. */
    FRESH(3),
    /** All its bytes. */
    RAW(4);

    static final int BITS = 3;
    static final int MASK = (1 << BITS) - 1;

    private final int code;

    PageKind(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    static PageKind of(int code) throws MalformedEpochException {
        return switch (code) {
            case 0 -> ZERO;
            case 1 -> SAME;
            case 2 -> DELTA;
            case 3 -> FRESH;
            case 4 -> RAW;
            default -> throw new MalformedEpochException("unknown kind of page " + code);
        };
    }
}
