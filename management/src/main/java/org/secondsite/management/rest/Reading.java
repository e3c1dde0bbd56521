package org.secondsite.management.rest;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import org.opendaylight.netconf.databind.RequestException;
import org.opendaylight.restconf.server.spi.NormalizedFormattableBody;
import org.opendaylight.yangtools.yang.common.ErrorTag;
import org.opendaylight.yangtools.yang.common.ErrorType;
import org.opendaylight.yangtools.yang.data.api.YangInstanceIdentifier.NodeIdentifier;
import org.opendaylight.yangtools.yang.data.api.schema.ContainerNode;
import org.opendaylight.yangtools.yang.data.api.schema.NormalizedNode;
import org.opendaylight.yangtools.yang.data.api.schema.NormalizedNodes;
import org.opendaylight.yangtools.yang.data.spi.node.ImmutableNodes;
import org.opendaylight.yangtools.yang.model.api.SchemaContext;
import org.secondsite.management.ConfigPort;
import org.secondsite.management.RefusedChange;
import org.secondsite.management.model.FileTree;
import org.secondsite.management.model.GatewayModel;
import org.secondsite.management.model.Secrets;
import org.secondsite.management.model.StateTree;

/** Answers requests that read (RFC 8040 §4.3): the configuration, what the gateway knows, or both. */
final class Reading {
    private static final int ETAG_BYTES = 12;
    private static final String NETCONF = "urn:ietf:params:xml:ns:netconf:base:1.0";
    private static final String RESTCONF = "urn:ietf:params:xml:ns:yang:ietf-restconf";

    private final GatewayModel model;
    private final FileTree files;
    private final Secrets secrets;
    private final ConfigPort port;

    Reading(GatewayModel model, ConfigPort port) {
        this.model = model;
        this.port = port;
        files = new FileTree(model);
        secrets = new Secrets(model);
    }

    /** The configuration, secrets included. */
    ContainerNode configuration(ConfigPort.Running running) throws UnshownException {
        try {
            return files.read(running.text());
        } catch (IllegalArgumentException e) {
            throw new UnshownException(e);
        }
    }

    HttpResponse get(HttpRequest request, Target target, Encoding encoding)
            throws RequestException, RefusedChange, UnshownException {
        ReadParameters parameters = ReadParameters.of(request, target.path());
        ConfigPort.Running running = port.running();
        ContainerNode.Builder everything = ImmutableNodes.newContainerBuilder();
        everything.withNodeIdentifier(new NodeIdentifier(SchemaContext.NAME));
        if (parameters.content().isOfConfiguration() && !target.isOfState()) {
            everything.withChild(secrets.masked(configuration(running)));
        }
        if (parameters.content().isOfState() && (target.isOfState() || target.isWhole())) {
            everything.withChild(status(running));
        }
        NormalizedNode found = NormalizedNodes.findNode(
                        everything.build(), target.path().instance())
                .orElseThrow(() ->
                        new RequestException(ErrorType.PROTOCOL, ErrorTag.DATA_MISSING, "there is no " + target.url()));
        HttpResponse response = HttpResponse.of(
                        200,
                        encoding.type(),
                        body(
                                target,
                                encoding,
                                encoding.written(
                                        NormalizedFormattableBody.of(target.path(), found, parameters.writer()))))
                .with("Cache-Control", "no-cache");
        return target.isIn("gateway")
                ? response.with("ETag", tag(found))
                        .with(
                                "Last-Modified",
                                DateTimeFormatter.RFC_1123_DATE_TIME.format(
                                        running.at().atOffset(ZoneOffset.UTC)))
                : response;
    }

    /** The library writes the datastore in NETCONF's way. */
    private static byte[] body(Target target, Encoding encoding, byte[] written) {
        if (!target.isWhole()) {
            return written;
        }
        String text = new String(written, StandardCharsets.UTF_8);
        String data =
                switch (encoding) {
                    case JSON -> "{\"ietf-restconf:data\": " + text.strip() + "}\n";
                    case XML -> text.replaceFirst(NETCONF, RESTCONF);
                };
        return data.getBytes(StandardCharsets.UTF_8);
    }

    private ContainerNode status(ConfigPort.Running running) throws RefusedChange {
        JsonObject told = JsonParser.parseString(port.status()).getAsJsonObject();
        JsonObject configuration = new JsonObject();
        configuration.addProperty("revision", running.revision());
        configuration.addProperty("at", running.at().toString());
        Past.waiting(configuration, port.history().unconfirmed());
        told.add("configuration", configuration);
        return StateTree.of(model.status(), told).data();
    }

    /** Of what is shown: a resource that reads the same has the same one. */
    static String tag(NormalizedNode node) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256")
                    .digest(node.prettyTree().toString().getBytes(StandardCharsets.UTF_8));
            return '"' + HexFormat.of().formatHex(digest, 0, ETAG_BYTES) + '"';
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
