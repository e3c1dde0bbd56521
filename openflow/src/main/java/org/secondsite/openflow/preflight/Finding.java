package org.secondsite.openflow.preflight;

import java.util.Optional;
import org.secondsite.openflow.ovsdb.Remedy;

/**
 * Something about a switch that is not as it should be.
 *
 * @param weight how bad it is
 * @param what in words
 * @param remedy what mends it, if that can be done from here
 */
public record Finding(Weight weight, String what, Optional<Remedy> remedy) {
    /** How bad something is. */
    public enum Weight {
        /** Frames can get past the gateway. */
        UNSAFE,

        /** Service comes back late, or not for all VMs. */
        LIMITING
    }

    static Finding unsafe(String what, Remedy remedy) {
        return new Finding(Weight.UNSAFE, what, Optional.of(remedy));
    }

    static Finding limiting(String what, Remedy remedy) {
        return new Finding(Weight.LIMITING, what, Optional.of(remedy));
    }

    /** One that cannot be mended from here. */
    public static Finding of(Weight weight, String what) {
        return new Finding(weight, what, Optional.empty());
    }

    @Override
    public String toString() {
        return what;
    }
}
