package org.secondsite.bgp.wire;

/** KEEPALIVE: the header alone (RFC 4271 §4.4). */
public record KeepaliveMessage() implements BgpMessage {
    static final int TYPE = 4;

    @Override
    public int typeCode() {
        return TYPE;
    }
}
