package org.secondsite.management.rest;

import com.google.common.base.MoreObjects.ToStringHelper;
import java.text.ParseException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.opendaylight.netconf.databind.DatabindPath;
import org.opendaylight.netconf.databind.RequestException;
import org.opendaylight.restconf.api.query.DepthParam;
import org.opendaylight.restconf.api.query.FieldsParam;
import org.opendaylight.restconf.server.spi.NormalizedNodeWriter;
import org.opendaylight.restconf.server.spi.NormalizedNodeWriterFactory;
import org.opendaylight.yangtools.yang.common.ErrorTag;
import org.opendaylight.yangtools.yang.common.ErrorType;
import org.opendaylight.yangtools.yang.common.QName;
import org.opendaylight.yangtools.yang.data.api.schema.stream.NormalizedNodeStreamWriter;

/**
 * How much of a resource a client wants to read (RFC 8040 §4.8).
 *
 * @param depth how many levels; {@code null}: all
 * @param fields which nodes, level by level; {@code null}: all
 * @param content of which kind
 */
record ReadParameters(DepthParam depth, List<Set<QName>> fields, Content content) {

    /** What a client wants to read (RFC 8040 §4.8.1). */
    enum Content {
        CONFIG,
        NONCONFIG,
        ALL;

        boolean isOfConfiguration() {
            return this != NONCONFIG;
        }

        boolean isOfState() {
            return this != CONFIG;
        }
    }

    static ReadParameters of(HttpRequest request, DatabindPath.Data path) throws RequestException {
        DepthParam depth = null;
        List<Set<QName>> fields = null;
        Content content = Content.ALL;
        for (Map.Entry<String, String> parameter : request.query().entrySet()) {
            String value = parameter.getValue();
            switch (parameter.getKey()) {
                case "depth" -> depth = depth(value);
                case "fields" -> fields = fields(value, path);
                case "content" ->
                    content = switch (value) {
                        case "all" -> Content.ALL;
                        case "config" -> Content.CONFIG;
                        case "nonconfig" -> Content.NONCONFIG;
                        default -> throw invalid("content is '" + value + "': it is all, config or nonconfig", null);
                    };
                case "with-defaults" -> {
                    if (!value.equals("explicit")) {
                        throw invalid("with-defaults is '" + value + "': what nobody has said is not shown", null);
                    }
                }
                default -> throw invalid("query parameter '" + parameter.getKey() + "' is not known", null);
            }
        }
        return new ReadParameters(depth, fields, content);
    }

    private static DepthParam depth(String value) throws RequestException {
        try {
            return value.equals("unbounded") ? null : DepthParam.forUriValue(value);
        } catch (IllegalArgumentException e) {
            throw invalid("depth is '" + value + "': it is 1 to 65535, or unbounded", e);
        }
    }

    private static List<Set<QName>> fields(String value, DatabindPath.Data path) throws RequestException {
        try {
            return NormalizedNodeWriter.translateFieldsParam(
                    path.databind().modelContext(), path.schema(), FieldsParam.parse(value));
        } catch (ParseException | IllegalArgumentException e) {
            throw invalid("fields is '" + value + "': " + e.getMessage(), e);
        }
    }

    private static RequestException invalid(String message, Exception cause) {
        return new RequestException(ErrorType.PROTOCOL, ErrorTag.INVALID_VALUE, message, cause);
    }

    NormalizedNodeWriterFactory writer() {
        return fields == null && depth == null ? NormalizedNodeWriterFactory.of() : new Selected(depth, fields);
    }

    private static final class Selected extends NormalizedNodeWriterFactory {
        private final DepthParam depth;
        private final List<Set<QName>> fields;

        Selected(DepthParam depth, List<Set<QName>> fields) {
            this.depth = depth;
            this.fields = fields;
        }

        @Override
        protected NormalizedNodeWriter newWriter(NormalizedNodeStreamWriter to) {
            return NormalizedNodeWriter.forStreamWriter(to, depth, fields);
        }

        @Override
        protected ToStringHelper addToStringAttributes(ToStringHelper text) {
            return text.add("depth", depth).add("fields", fields);
        }
    }
}
