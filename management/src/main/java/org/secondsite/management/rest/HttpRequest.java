package org.secondsite.management.rest;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.opendaylight.netconf.databind.RequestException;
import org.opendaylight.yangtools.yang.common.ErrorTag;
import org.opendaylight.yangtools.yang.common.ErrorType;
import org.secondsite.management.Caller;

/** A request as it was made. */
public final class HttpRequest {
    private final String method;
    private final String path;
    private final Map<String, String> query;
    private final Map<String, String> headers;
    private final byte[] body;
    private final Caller caller;

    /**
     * A request.
     *
     * @param method such as {@code GET}
     * @param target as it stands in the request's line: path and query, still escaped
     * @param headers by their names in small letters
     * @param body the octets; empty: none
     * @param caller who asks
     * @throws RequestException if a parameter of the query stands twice, or has a damaged escape (RFC 8040 §4.8)
     */
    public HttpRequest(String method, String target, Map<String, String> headers, byte[] body, Caller caller)
            throws RequestException {
        int mark = target.indexOf('?');
        this.method = method;
        this.path = mark < 0 ? target : target.substring(0, mark);
        this.query = mark < 0 ? Map.of() : parameters(target.substring(mark + 1));
        this.headers = Map.copyOf(headers);
        this.body = body.clone();
        this.caller = caller;
    }

    /** Such as {@code GET}. */
    public String method() {
        return method;
    }

    /** Still escaped, without the query. */
    public String path() {
        return path;
    }

    /** The parameters of the query; their escapes are resolved. */
    public Map<String, String> query() {
        return query;
    }

    /** Who asks. */
    public Caller caller() {
        return caller;
    }

    byte[] body() {
        return body.clone();
    }

    Optional<String> header(String name) {
        return Optional.ofNullable(headers.get(name.toLowerCase(Locale.ROOT)));
    }

    private static Map<String, String> parameters(String query) throws RequestException {
        Map<String, String> found = new LinkedHashMap<>();
        for (String part : query.split("&", -1)) {
            if (part.isEmpty()) {
                continue;
            }
            int equals = part.indexOf('=');
            String name = decoded(equals < 0 ? part : part.substring(0, equals));
            if (found.put(name, equals < 0 ? "" : decoded(part.substring(equals + 1))) != null) {
                throw new RequestException(
                        ErrorType.PROTOCOL, ErrorTag.INVALID_VALUE, "query parameter '" + name + "' stands twice");
            }
        }
        return Collections.unmodifiableMap(found);
    }

    /** RFC 3986 §2.1; a plus is a space, as forms have it. */
    private static String decoded(String text) throws RequestException {
        ByteArrayOutputStream octets = new ByteArrayOutputStream();
        for (int i = 0; i < text.length(); i++) {
            char sign = text.charAt(i);
            if (sign == '%') {
                if (i + 2 >= text.length()
                        || !HexFormat.isHexDigit(text.charAt(i + 1))
                        || !HexFormat.isHexDigit(text.charAt(i + 2))) {
                    throw new RequestException(
                            ErrorType.PROTOCOL, ErrorTag.INVALID_VALUE, "'" + text + "' has a damaged escape");
                }
                octets.write(HexFormat.fromHexDigits(text, i + 1, i + 3));
                i += 2;
            } else {
                octets.writeBytes(String.valueOf(sign == '+' ? ' ' : sign).getBytes(StandardCharsets.UTF_8));
            }
        }
        return octets.toString(StandardCharsets.UTF_8);
    }
}
