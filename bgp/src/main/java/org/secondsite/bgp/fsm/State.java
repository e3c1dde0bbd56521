package org.secondsite.bgp.fsm;

/** The states of one connection (RFC 4271 §8.2.2). */
public enum State {
    IDLE("Idle"),
    CONNECT("Connect"),
    ACTIVE("Active"),
    OPEN_SENT("OpenSent"),
    OPEN_CONFIRM("OpenConfirm"),
    ESTABLISHED("Established");

    private final String text;

    State(String text) {
        this.text = text;
    }

    /** The name as the document writes it. */
    public String text() {
        return text;
    }
}
