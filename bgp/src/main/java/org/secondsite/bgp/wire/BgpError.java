package org.secondsite.bgp.wire;

/** Every NOTIFICATION error code and subcode by its registered name (RFC 4271 §4.5 and the documents named beside). */
public enum BgpError {
    CONNECTION_NOT_SYNCHRONIZED(1, 1, "Connection Not Synchronized"),
    BAD_MESSAGE_LENGTH(1, 2, "Bad Message Length"),
    BAD_MESSAGE_TYPE(1, 3, "Bad Message Type"),
    MESSAGE_HEADER_UNSPECIFIC(1, 0, "Message Header Error"),

    OPEN_UNSPECIFIC(2, 0, "OPEN Message Error"),
    UNSUPPORTED_VERSION_NUMBER(2, 1, "Unsupported Version Number"),
    BAD_PEER_AS(2, 2, "Bad Peer AS"),
    BAD_BGP_IDENTIFIER(2, 3, "Bad BGP Identifier"),
    UNSUPPORTED_OPTIONAL_PARAMETER(2, 4, "Unsupported Optional Parameter"),
    AUTHENTICATION_FAILURE(2, 5, "Authentication Failure (deprecated)"),
    UNACCEPTABLE_HOLD_TIME(2, 6, "Unacceptable Hold Time"),
    /** RFC 5492 §5. */
    UNSUPPORTED_CAPABILITY(2, 7, "Unsupported Capability"),
    /** RFC 9234 §4.2. */
    ROLE_MISMATCH(2, 11, "Role Mismatch"),

    UPDATE_UNSPECIFIC(3, 0, "UPDATE Message Error"),
    MALFORMED_ATTRIBUTE_LIST(3, 1, "Malformed Attribute List"),
    UNRECOGNIZED_WELL_KNOWN_ATTRIBUTE(3, 2, "Unrecognized Well-known Attribute"),
    MISSING_WELL_KNOWN_ATTRIBUTE(3, 3, "Missing Well-known Attribute"),
    ATTRIBUTE_FLAGS_ERROR(3, 4, "Attribute Flags Error"),
    ATTRIBUTE_LENGTH_ERROR(3, 5, "Attribute Length Error"),
    INVALID_ORIGIN_ATTRIBUTE(3, 6, "Invalid ORIGIN Attribute"),
    AS_ROUTING_LOOP(3, 7, "AS Routing Loop (deprecated)"),
    INVALID_NEXT_HOP_ATTRIBUTE(3, 8, "Invalid NEXT_HOP Attribute"),
    OPTIONAL_ATTRIBUTE_ERROR(3, 9, "Optional Attribute Error"),
    INVALID_NETWORK_FIELD(3, 10, "Invalid Network Field"),
    MALFORMED_AS_PATH(3, 11, "Malformed AS_PATH"),

    HOLD_TIMER_EXPIRED(4, 0, "Hold Timer Expired"),

    FSM_UNSPECIFIC(5, 0, "Finite State Machine Error"),
    /** RFC 6608 §3, as are the next two. */
    UNEXPECTED_MESSAGE_IN_OPEN_SENT(5, 1, "Receive Unexpected Message in OpenSent State"),
    UNEXPECTED_MESSAGE_IN_OPEN_CONFIRM(5, 2, "Receive Unexpected Message in OpenConfirm State"),
    UNEXPECTED_MESSAGE_IN_ESTABLISHED(5, 3, "Receive Unexpected Message in Established State"),

    CEASE(6, 0, "Cease"),
    /** RFC 4486 §3, as are the next seven. */
    MAXIMUM_NUMBER_OF_PREFIXES_REACHED(6, 1, "Maximum Number of Prefixes Reached"),
    ADMINISTRATIVE_SHUTDOWN(6, 2, "Administrative Shutdown"),
    PEER_DE_CONFIGURED(6, 3, "Peer De-configured"),
    ADMINISTRATIVE_RESET(6, 4, "Administrative Reset"),
    CONNECTION_REJECTED(6, 5, "Connection Rejected"),
    OTHER_CONFIGURATION_CHANGE(6, 6, "Other Configuration Change"),
    CONNECTION_COLLISION_RESOLUTION(6, 7, "Connection Collision Resolution"),
    OUT_OF_RESOURCES(6, 8, "Out of Resources"),
    /** RFC 8538 §3. */
    HARD_RESET(6, 9, "Hard Reset"),
    /** RFC 9384 §2. */
    BFD_DOWN(6, 10, "BFD Down"),

    ROUTE_REFRESH_UNSPECIFIC(7, 0, "ROUTE-REFRESH Message Error"),
    /** RFC 7313 §5. */
    INVALID_MESSAGE_LENGTH(7, 1, "Invalid Message Length"),

    /** RFC 9687 §3. */
    SEND_HOLD_TIMER_EXPIRED(8, 0, "Send Hold Timer Expired");

    private final int code;
    private final int subcode;
    private final String text;

    BgpError(int code, int subcode, String text) {
        this.code = code;
        this.subcode = subcode;
        this.text = text;
    }

    /** The error code, 1 to 8. */
    public int code() {
        return code;
    }

    /** The error subcode; 0 is "unspecific". */
    public int subcode() {
        return subcode;
    }

    /** The registered name. */
    public String text() {
        return text;
    }

    /** The registered name of any pair, or the pair in digits when it is not registered here. */
    public static String nameOf(int code, int subcode) {
        for (BgpError error : values()) {
            if (error.code == code && error.subcode == subcode) {
                return error.text;
            }
        }
        return "unknown error " + code + "/" + subcode;
    }
}
