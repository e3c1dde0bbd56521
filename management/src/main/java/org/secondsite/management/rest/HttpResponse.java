package org.secondsite.management.rest;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** A response. */
public final class HttpResponse {
    private static final byte[] NOTHING = {};

    private final int status;
    private final Map<String, String> headers;
    private final byte[] body;

    private HttpResponse(int status, Map<String, String> headers, byte[] body) {
        this.status = status;
        this.headers = headers;
        this.body = body;
    }

    /** Its status, such as 200. */
    public int status() {
        return status;
    }

    /** In the order in which they are sent. */
    public Map<String, String> headers() {
        return Collections.unmodifiableMap(headers);
    }

    /** The octets; empty: none. */
    public byte[] body() {
        return body.clone();
    }

    /** One with nothing but a status. */
    public static HttpResponse of(int status) {
        return new HttpResponse(status, Map.of(), NOTHING);
    }

    static HttpResponse of(int status, String type, byte[] body) {
        return new HttpResponse(status, Map.of("Content-Type", type), body.clone());
    }

    static HttpResponse of(int status, String type, String body) {
        return of(status, type, body.getBytes(StandardCharsets.UTF_8));
    }

    HttpResponse with(String header, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(header, value);
        return new HttpResponse(status, more, body);
    }

    HttpResponse withoutBody() {
        return new HttpResponse(status, headers, NOTHING);
    }
}
