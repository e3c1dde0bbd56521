package org.secondsite.management.rest;

import java.util.Locale;
import java.util.Optional;
import org.secondsite.management.model.GatewayModel;

/** What a RESTCONF server tells of itself; it is the same at all times. */
final class Resources {
    private static final String LIBRARY_VERSION = "2019-01-04";
    private static final String JSON = Encoding.JSON.type();

    private final GatewayModel model;

    Resources(GatewayModel model) {
        this.model = model;
    }

    /** The answer to a path that is none of the configuration's; empty: the path is not known. */
    Optional<HttpResponse> get(String path, Encoding encoding) {
        return switch (path) {
            case "/.well-known/host-meta" ->
                Optional.of(
                        HttpResponse.of(
                                200,
                                "application/xrd+xml",
                                "<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'><Link rel='restconf' href='/restconf'/></XRD>\n"));
            case "/.well-known/host-meta.json" ->
                Optional.of(HttpResponse.of(
                        200, "application/json", "{\"links\": [{\"rel\": \"restconf\", \"href\": \"/restconf\"}]}\n"));
            case "/restconf" ->
                Optional.of(either(
                        encoding,
                        "{\"ietf-restconf:restconf\": {\"data\": {}, \"operations\": {}, \"yang-library-version\": \"%s\"}}\n"
                                .formatted(LIBRARY_VERSION),
                        ("<restconf xmlns='urn:ietf:params:xml:ns:yang:ietf-restconf'><data/><operations/>"
                                        + "<yang-library-version>%s</yang-library-version></restconf>\n")
                                .formatted(LIBRARY_VERSION)));
            case Operations.PATH -> Optional.of(either(encoding, Operations.json(), Operations.xml()));
            case "/restconf/yang-library-version" ->
                Optional.of(either(
                        encoding,
                        "{\"ietf-restconf:yang-library-version\": \"%s\"}\n".formatted(LIBRARY_VERSION),
                        "<yang-library-version xmlns='urn:ietf:params:xml:ns:yang:ietf-restconf'>%s</yang-library-version>\n"
                                .formatted(LIBRARY_VERSION)));
            case "/restconf/data/ietf-yang-library:yang-library" -> Optional.of(HttpResponse.of(200, JSON, library()));
            case "/restconf/data/ietf-restconf-monitoring:restconf-state",
                    "/restconf/data/ietf-restconf-monitoring:restconf-state/capabilities" ->
                Optional.of(HttpResponse.of(200, JSON, capabilities(path.endsWith("capabilities"))));
            default -> schema(path);
        };
    }

    private Optional<HttpResponse> schema(String path) {
        return path.equals(schemaPath())
                ? Optional.of(HttpResponse.of(200, "application/yang", model.source()))
                : Optional.empty();
    }

    private static String schemaPath() {
        return "/restconf/schema/" + GatewayModel.NAME + "@" + GatewayModel.REVISION + ".yang";
    }

    private static HttpResponse either(Encoding encoding, String json, String xml) {
        return HttpResponse.of(200, encoding.type(), encoding == Encoding.JSON ? json : xml);
    }

    private String library() {
        return """
                {"ietf-yang-library:yang-library": {
                  "module-set": [{"name": "gateway", "module": [{
                    "name": "%s", "revision": "%s", "namespace": "%s", "location": ["%s"]}]}],
                  "schema": [{"name": "gateway", "module-set": ["gateway"]}],
                  "datastore": [{"name": "ietf-datastores:running", "schema": "gateway"}],
                  "content-id": "%s"}}
                """.formatted(
                        GatewayModel.NAME,
                        GatewayModel.REVISION,
                        GatewayModel.NAMESPACE,
                        schemaPath(),
                        Integer.toHexString(model.source().hashCode()).toLowerCase(Locale.ROOT));
    }

    private static String capabilities(boolean alone) {
        String list = """
                {"capability": [
                  "urn:ietf:params:restconf:capability:defaults:1.0?basic-mode=explicit",
                  "urn:ietf:params:restconf:capability:depth:1.0",
                  "urn:ietf:params:restconf:capability:fields:1.0"]}""";
        return alone
                ? "{\"ietf-restconf-monitoring:capabilities\": " + list + "}\n"
                : "{\"ietf-restconf-monitoring:restconf-state\": {\"capabilities\": " + list + "}}\n";
    }
}
