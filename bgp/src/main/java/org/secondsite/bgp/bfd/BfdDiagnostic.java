package org.secondsite.bgp.bfd;

import java.util.Arrays;

/** Why a session last left Up (RFC 5880 §4.1, Diag). */
public enum BfdDiagnostic {
    NONE(0, "No Diagnostic"),
    CONTROL_DETECTION_TIME_EXPIRED(1, "Control Detection Time Expired"),
    ECHO_FUNCTION_FAILED(2, "Echo Function Failed"),
    NEIGHBOR_SIGNALED_SESSION_DOWN(3, "Neighbor Signaled Session Down"),
    FORWARDING_PLANE_RESET(4, "Forwarding Plane Reset"),
    PATH_DOWN(5, "Path Down"),
    CONCATENATED_PATH_DOWN(6, "Concatenated Path Down"),
    ADMINISTRATIVELY_DOWN(7, "Administratively Down"),
    REVERSE_CONCATENATED_PATH_DOWN(8, "Reverse Concatenated Path Down"),
    /** Any code that is not registered there. */
    RESERVED(31, "Reserved");

    private final int code;
    private final String text;

    BfdDiagnostic(int code, String text) {
        this.code = code;
        this.text = text;
    }

    /** The five bits on the wire. */
    public int code() {
        return code;
    }

    /** The registered name. */
    public String text() {
        return text;
    }

    static BfdDiagnostic ofCode(int code) {
        return Arrays.stream(values()).filter(d -> d.code == code).findFirst().orElse(RESERVED);
    }
}
