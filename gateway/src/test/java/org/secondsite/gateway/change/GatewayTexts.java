package org.secondsite.gateway.change;

import java.nio.file.Path;
import java.util.List;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.Problem;
import org.secondsite.config.yaml.Document;
import org.secondsite.config.yaml.GatewayDocument;

/** A gateway's file, and others that differ from it. */
public final class GatewayTexts {
    /** A whole one. */
    public static final String FILE = """
            site: a
            peerSite: b
            tunnel: {listen: "10.9.0.1:7400", connect: "10.9.0.2:7400"}
            tls: {certificate: a.crt, key: a.key, authority: ca.crt}
            witness: {endpoints: ["10.9.0.3:7500"]}
            checkpoint: {listen: "10.1.1.2:7600", intervalMs: 100, maxIntervalMs: 1000, hosts: [{name: host-a, vms: [vm1]}]}
            dataPlane:
              mode: routed
              inside: in0
              insideMac: "02:00:5e:00:01:01"
              insideAddresses: [203.0.113.1/24]
              uplink: up0
            bgp:
              localAs: 65100
              routerId: 10.1.0.2
              standbyPrepend: 3
              neighbors:
                - {address: 10.1.0.1, remoteAs: 65001}
            management: {socket: /run/secondsite/a.sock}
            groups:
              - name: web
                prefixes: [203.0.113.0/24]
                vms:
                  - {name: vm1, mac: "52:54:00:c0:10:01", addresses: [203.0.113.10]}
            """;

    private GatewayTexts() {}

    /** With another interval. */
    public static String interval(int ms) {
        return FILE.replace("intervalMs: 100", "intervalMs: " + ms);
    }

    /** What a text says, or its problems. */
    public static ConfigResult<GatewayConfig> judge(String text) {
        return GatewayDocument.read(new Document("gateway.yaml", Path.of("/etc"), text));
    }

    /** What a text in order says. */
    public static GatewayConfig config(String text) {
        return switch (judge(text)) {
            case ConfigResult.Valid<GatewayConfig>(GatewayConfig config) -> config;
            case ConfigResult.Invalid<GatewayConfig>(List<Problem> problems) ->
                throw new AssertionError(problems.toString());
        };
    }
}
