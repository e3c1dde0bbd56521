package org.secondsite.bgp.wire;

/**
 * A fault found in an UPDATE message that did not need a reset.
 *
 * @param attributeCode the type of the attribute at fault, or -1 for the message as a whole
 * @param treatment what was done about it
 * @param error the error that RFC 4271 would have reset the session with
 * @param detail for the log
 */
public record Fault(int attributeCode, Treatment treatment, BgpError error, String detail) {}
