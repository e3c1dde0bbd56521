package org.secondsite.bgp.session;

import java.util.OptionalInt;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.BgpError;
import org.secondsite.bgp.wire.NotificationMessage;
import org.secondsite.bgp.wire.Octets;

/**
 * How many prefixes of one family a neighbour may announce.
 *
 * @param maximum the limit, 1 or more
 * @param warningPercent at what part of the limit to warn, 1 to 100
 * @param action what happens beyond it
 * @param restartAfterSeconds when a session that was ended for it is started again; empty: when somebody says so
 */
public record PrefixLimit(int maximum, int warningPercent, Action action, OptionalInt restartAfterSeconds) {
    private static final int USUAL_WARNING_PERCENT = 75;

    /** What happens beyond the limit. */
    public enum Action {
        /** It is told, and the routes are taken. */
        WARN,
        /** The routes beyond it are not taken. */
        DISCARD,
        /** The session ends with Cease, Maximum Number of Prefixes Reached (RFC 4486 §4), and stays down. */
        DOWN
    }

    /**
     * Checks ranges.
     *
     * @throws IllegalArgumentException if a number is out of range
     */
    public PrefixLimit {
        if (maximum < 1) {
            throw new IllegalArgumentException("a prefix limit of " + maximum + " is less than 1");
        }
        if (warningPercent < 1 || warningPercent > 100) {
            throw new IllegalArgumentException("warningPercent " + warningPercent + " is not within 1..100");
        }
        if (restartAfterSeconds.isPresent() && restartAfterSeconds.getAsInt() < 1) {
            throw new IllegalArgumentException("restartAfterSeconds is less than 1");
        }
    }

    /** With a warning at three quarters, and no restart by itself. */
    public PrefixLimit(int maximum, Action action) {
        this(maximum, USUAL_WARNING_PERCENT, action, OptionalInt.empty());
    }

    /** The end of a session for it (RFC 4486 §4): the data field holds the family and the limit. */
    NotificationMessage exceeded(AddressFamily family) {
        return NotificationMessage.of(
                BgpError.MAXIMUM_NUMBER_OF_PREFIXES_REACHED,
                Octets.of(
                        family.afi() >>> 8,
                        family.afi(),
                        family.safi(),
                        maximum >>> 24,
                        maximum >>> 16,
                        maximum >>> 8,
                        maximum));
    }

    /** At how many prefixes to warn. */
    int warningCount() {
        return (int) Math.max(1, (long) maximum * warningPercent / 100);
    }
}
