package org.secondsite.management.rest;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.Optional;
import org.opendaylight.netconf.databind.RequestException;
import org.opendaylight.restconf.api.FormattableBody;
import org.opendaylight.restconf.api.query.PrettyPrintParam;
import org.opendaylight.restconf.server.api.ChildBody;
import org.opendaylight.restconf.server.api.JsonChildBody;
import org.opendaylight.restconf.server.api.JsonOperationInputBody;
import org.opendaylight.restconf.server.api.JsonResourceBody;
import org.opendaylight.restconf.server.api.OperationInputBody;
import org.opendaylight.restconf.server.api.ResourceBody;
import org.opendaylight.restconf.server.api.XmlChildBody;
import org.opendaylight.restconf.server.api.XmlOperationInputBody;
import org.opendaylight.restconf.server.api.XmlResourceBody;
import org.opendaylight.yangtools.yang.common.ErrorTag;
import org.opendaylight.yangtools.yang.common.ErrorType;

/** How data is written: RFC 7951 or RFC 7950's XML. */
enum Encoding {
    JSON("application/yang-data+json"),
    XML("application/yang-data+xml");

    private final String type;

    Encoding(String type) {
        this.type = type;
    }

    String type() {
        return type;
    }

    /** What the client wants to read (RFC 8040 §5.2); JSON, if it does not mind. */
    static Optional<Encoding> wanted(HttpRequest request) {
        String accept = request.header("accept").orElse("*/*").toLowerCase(Locale.ROOT);
        if (accept.contains("json") || accept.contains("*/*") || accept.contains("application/*")) {
            return Optional.of(JSON);
        }
        return accept.contains("xml") ? Optional.of(XML) : Optional.empty();
    }

    /**
     * What the client has written.
     *
     * @throws RequestException if that is neither
     */
    static Encoding sent(HttpRequest request) throws RequestException {
        String type = request.header("content-type").orElse("").toLowerCase(Locale.ROOT);
        // The type itself: what a page of somebody else's can have a browser send is text, whatever its parameters say.
        int end = type.indexOf(';');
        switch (end < 0 ? type.strip() : type.substring(0, end).strip()) {
            case "application/yang-data+json", "application/json" -> {
                return JSON;
            }
            case "application/yang-data+xml", "application/xml", "text/xml" -> {
                return XML;
            }
            default -> {}
        }
        throw new RequestException(
                ErrorType.PROTOCOL,
                ErrorTag.BAD_ATTRIBUTE,
                "Content-Type is '" + type + "': it has to be " + JSON.type + " or " + XML.type);
    }

    ResourceBody resource(byte[] body) {
        ByteArrayInputStream in = new ByteArrayInputStream(body);
        return this == JSON ? new JsonResourceBody(in) : new XmlResourceBody(in);
    }

    ChildBody child(byte[] body) {
        ByteArrayInputStream in = new ByteArrayInputStream(body);
        return this == JSON ? new JsonChildBody(in) : new XmlChildBody(in);
    }

    OperationInputBody input(byte[] body) {
        ByteArrayInputStream in = new ByteArrayInputStream(body);
        return this == JSON ? new JsonOperationInputBody(in) : new XmlOperationInputBody(in);
    }

    byte[] written(FormattableBody body) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            if (this == JSON) {
                body.formatToJSON(PrettyPrintParam.TRUE, out);
            } else {
                body.formatToXML(PrettyPrintParam.TRUE, out);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }
}
