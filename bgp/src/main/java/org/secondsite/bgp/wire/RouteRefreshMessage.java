package org.secondsite.bgp.wire;

/**
 * ROUTE-REFRESH (RFC 2918 §3, RFC 7313 §3.2).
 *
 * <pre>
 *  0               2       3       4
 * +---------------+-------+-------+
 * | AFI           |subtype| SAFI  |
 * +---------------+-------+-------+
 * </pre>
 *
 * @param family the family whose routes are to be sent again
 * @param subtype {@link #REQUEST}, {@link #BEGIN} or {@link #END}; others are ignored by the receiver
 */
public record RouteRefreshMessage(AddressFamily family, int subtype) implements BgpMessage {
    static final int TYPE = 5;
    /** Send me all routes of the family. */
    public static final int REQUEST = 0;
    /** Beginning of Route Refresh. */
    public static final int BEGIN = 1;
    /** End of Route Refresh: what was not sent again since its beginning is gone. */
    public static final int END = 2;

    @Override
    public int typeCode() {
        return TYPE;
    }
}
