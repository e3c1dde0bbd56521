package org.secondsite.bgp.bfd;

import java.util.Arrays;
import java.util.Optional;

/** The states of a session (RFC 5880 §4.1, Sta). */
public enum BfdState {
    ADMIN_DOWN(0),
    DOWN(1),
    INIT(2),
    UP(3);

    private final int code;

    BfdState(int code) {
        this.code = code;
    }

    /** The two bits on the wire. */
    public int code() {
        return code;
    }

    static BfdState ofCode(int code) {
        Optional<BfdState> state =
                Arrays.stream(values()).filter(s -> s.code == code).findFirst();
        return state.orElseThrow(() -> new IllegalArgumentException("two bits have four values, not " + code));
    }
}
