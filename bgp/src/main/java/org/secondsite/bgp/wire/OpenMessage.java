package org.secondsite.bgp.wire;

import java.net.Inet4Address;
import java.util.List;
import java.util.Optional;

/**
 * OPEN (RFC 4271 §4.2, RFC 9072 for long parameter lists).
 *
 * <pre>
 *  0       1               3               5                               9      10
 * +-------+---------------+---------------+-------------------------------+-------+------------
 * |version| my AS         | hold time, s  | BGP identifier                |opt len| parameters ..
 * +-------+---------------+---------------+-------------------------------+-------+------------
 * </pre>
 *
 * @param fieldAs the 16-bit field; {@link #AS_TRANS} when the number needs 32 bits
 * @param holdTimeSeconds 0 (no hold timer) or 3 to 65535
 * @param routerId the BGP identifier, not 0.0.0.0
 * @param capabilities in the order of the message, of every capabilities parameter
 */
public record OpenMessage(int fieldAs, int holdTimeSeconds, Inet4Address routerId, List<Capability> capabilities)
        implements BgpMessage {
    static final int TYPE = 1;
    static final int VERSION = 4;
    /** Stands for a number that has no 16-bit form (RFC 6793 §9). */
    public static final int AS_TRANS = 23456;

    /** Copies the list. */
    public OpenMessage {
        capabilities = List.copyOf(capabilities);
    }

    /** The sender's AS: from its four-octet capability, else from the field. */
    public long as() {
        return capability(Capability.FourOctetAs.class)
                .map(Capability.FourOctetAs::as)
                .orElse((long) fieldAs);
    }

    /** The first capability of the kind. */
    public <T extends Capability> Optional<T> capability(Class<T> kind) {
        return capabilities.stream().filter(kind::isInstance).map(kind::cast).findFirst();
    }

    @Override
    public int typeCode() {
        return TYPE;
    }
}
