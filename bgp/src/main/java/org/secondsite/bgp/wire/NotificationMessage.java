package org.secondsite.bgp.wire;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * NOTIFICATION: why the sender closes the session (RFC 4271 §4.5).
 *
 * <pre>
 *  0       1       2
 * +-------+-------+----------
 * | code  |subcode| data ...
 * +-------+-------+----------
 * </pre>
 *
 * @param code the error code
 * @param subcode the error subcode
 * @param data what the code says about it; for Administrative Shutdown and Reset the shutdown communication
 */
public record NotificationMessage(int code, int subcode, Octets data) implements BgpMessage {
    static final int TYPE = 3;
    /** RFC 9003 §2: the length of the shutdown communication is one octet. */
    private static final int COMMUNICATION_MAXIMUM_OCTETS = 255;

    /** The error without data. */
    public static NotificationMessage of(BgpError error) {
        return of(error, Octets.NONE);
    }

    /** The error with its data. */
    public static NotificationMessage of(BgpError error, Octets data) {
        return new NotificationMessage(error.code(), error.subcode(), data);
    }

    /**
     * Administrative Shutdown or Reset with a text for the operator at the other end (RFC 9003 §2). A text that is
     * longer than 255 octets of UTF-8 is cut at a character.
     */
    public static NotificationMessage withCommunication(BgpError error, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        int length = Math.min(utf8.length, COMMUNICATION_MAXIMUM_OCTETS);
        while (length < utf8.length && length > 0 && (utf8[length] & 0xc0) == 0x80) {
            length--;
        }
        byte[] data = new byte[length + 1];
        data[0] = (byte) length;
        System.arraycopy(utf8, 0, data, 1, length);
        return of(error, Octets.copyOf(data));
    }

    /** The text for the operator, if this is a shutdown or reset that carries a valid one. */
    public Optional<String> communication() {
        boolean may = is(BgpError.ADMINISTRATIVE_SHUTDOWN) || is(BgpError.ADMINISTRATIVE_RESET);
        if (!may || data.length() < 2 || data.at(0) != data.length() - 1) {
            return Optional.empty();
        }
        try {
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(data.toArray(), 1, data.length() - 1))
                    .toString());
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }

    /** The same for good: a Hard Reset around it (RFC 8538 §3). */
    public NotificationMessage asHardReset() {
        byte[] wrapped = new byte[2 + data.length()];
        wrapped[0] = (byte) code;
        wrapped[1] = (byte) subcode;
        System.arraycopy(data.toArray(), 0, wrapped, 2, data.length());
        return of(BgpError.HARD_RESET, Octets.copyOf(wrapped));
    }

    /** What a Hard Reset is for; empty if this is none, or does not say so. */
    public Optional<NotificationMessage> hardResetReason() {
        if (!is(BgpError.HARD_RESET) || data.length() < 2) {
            return Optional.empty();
        }
        byte[] wrapped = data.toArray();
        return Optional.of(new NotificationMessage(
                wrapped[0] & 0xff, wrapped[1] & 0xff, Octets.copyOf(Arrays.copyOfRange(wrapped, 2, wrapped.length))));
    }

    /** Whether code and subcode are those of the error. */
    public boolean is(BgpError error) {
        return code == error.code() && subcode == error.subcode();
    }

    @Override
    public int typeCode() {
        return TYPE;
    }

    @Override
    public String toString() {
        String text = BgpError.nameOf(code, subcode) + " (" + code + "/" + subcode + ")";
        Optional<NotificationMessage> reason = hardResetReason();
        if (reason.isPresent() && !reason.get().is(BgpError.HARD_RESET)) {
            return text + ": " + reason.get();
        }
        Optional<String> said = communication();
        if (said.isPresent()) {
            return text + ": " + PlainText.of(said.get());
        }
        return data.length() == 0 ? text : text + " data " + data;
    }
}
