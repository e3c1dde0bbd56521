package org.secondsite.bench.bgp;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.secondsite.bench.io.AskedProcess;

/** Those that can be a source of a first table. Each has its routes before its session comes up. */
final class Sources {
    private static final Map<String, String> EXABGP = Map.of(
            "exabgp.daemon.drop", "false",
            "exabgp.api.cli", "false",
            "exabgp.log.level", "ERR",
            "exabgp.log.destination", "stdout");

    private final int prefixes;

    /**
     * None is started.
     *
     * @param prefixes how many routes each has
     */
    Sources(int prefixes) {
        this.prefixes = prefixes;
    }

    /** Has one source begin; the session is up some time later. */
    @FunctionalInterface
    interface Source {
        void start(BgpSite site) throws IOException, InterruptedException;
    }

    /** All by name but ExaBGP's helper. */
    Map<String, Source> usual() {
        Map<String, Source> sources = new LinkedHashMap<>();
        sources.put("ours", site -> site.startOurs("source", List.of("source", String.valueOf(prefixes))));
        sources.put("ours, by a helper", this::ourHelper);
        sources.put("exabgp", this::exabgp);
        sources.put("gobgp", this::gobgp);
        sources.put("bird", site -> Bird.startSource(site, prefixes));
        return sources;
    }

    /** All of them; ExaBGP's helper takes a minute. */
    Map<String, Source> withSlow() {
        Map<String, Source> sources = usual();
        sources.put("exabgp, by a helper", this::exabgpHelper);
        return sources;
    }

    private Path helper(BgpSite site) throws IOException {
        Path lines = site.file("lines");
        Routes.write(
                lines,
                "",
                prefixes,
                i -> "announce route " + Routes.text(i, prefixes) + " next-hop " + BgpSite.SOURCE,
                "");
        Path script = site.file("helper.sh", "#!/bin/sh\ncat " + lines + "\nexec sleep 1000\n");
        if (!script.toFile().setExecutable(true)) {
            throw new IOException("cannot make " + script + " executable");
        }
        return script;
    }

    private void ourHelper(BgpSite site) throws IOException {
        Path script = helper(site);
        site.start(
                "source",
                "speak",
                AskedProcess.java(
                        org.secondsite.appliance.Main.class.getName(),
                        List.of(
                                "bgp",
                                "speak",
                                "--local-as",
                                String.valueOf(BgpSite.SOURCE_AS),
                                "--router-id",
                                BgpSite.SOURCE,
                                "--neighbor",
                                BgpSite.SINK,
                                "--peer-as",
                                String.valueOf(BgpSite.SINK_AS),
                                "--local-address",
                                BgpSite.SOURCE,
                                "--run",
                                script.toString())),
                Map.of());
    }

    private static String exabgpNeighbor(String body) {
        return """
                neighbor %s { router-id %s; local-address %s; local-as %d; peer-as %d; family { ipv4 unicast; }
                %s
                """.formatted(BgpSite.SINK, BgpSite.SOURCE, BgpSite.SOURCE, BgpSite.SOURCE_AS, BgpSite.SINK_AS, body);
    }

    private void exabgp(BgpSite site) throws IOException, InterruptedException {
        Routes.write(
                site.file("exabgp.conf"),
                exabgpNeighbor("static {"),
                prefixes,
                i -> "route " + Routes.text(i, prefixes) + " next-hop " + BgpSite.SOURCE + ";",
                "} }\n");
        site.start("source", "exabgp", List.of("exabgp", "exabgp.conf"), EXABGP);
    }

    private void exabgpHelper(BgpSite site) throws IOException {
        site.file(
                "exabgp.conf",
                "process lines { run " + helper(site) + "; encoder text; }\n"
                        + exabgpNeighbor("api { processes [ lines ]; } }"));
        site.start("source", "exabgp", List.of("exabgp", "exabgp.conf"), EXABGP);
    }

    private void gobgp(BgpSite site) throws IOException, InterruptedException {
        Routes.writeMrt(site.file("table.mrt"), prefixes, BgpSite.SOURCE_AS, BgpSite.SOURCE);
        startGobgp(site, "source", BgpSite.SOURCE, BgpSite.SOURCE_AS, "");
        BgpSite.await("all routes are in GoBGP", () -> {
            site.query(
                    "source",
                    List.of(
                            "gobgp",
                            "mrt",
                            "inject",
                            "global",
                            site.file("table.mrt").toString(),
                            "--nexthop",
                            BgpSite.SOURCE,
                            "--no-ipv6"));
            return site.query("source", List.of("gobgp", "global", "rib", "summary"))
                    .contains("Destination: " + prefixes + ",");
        });
        site.query("source", List.of("gobgp", "neighbor", "add", BgpSite.SINK, "as", String.valueOf(BgpSite.SINK_AS)));
    }

    /** GoBGP, as soon as it answers. */
    static Process startGobgp(BgpSite site, String namespace, String id, long as, String more)
            throws IOException, InterruptedException {
        site.file("gobgp.toml", """
                [global.config]
                  as = %d
                  router-id = "%s"
                  local-address-list = ["%s"]
                %s
                """.formatted(as, id, id, more));
        Process process = site.start(
                namespace, "gobgpd", List.of("gobgpd", "-f", "gobgp.toml", "--api-hosts", "127.0.0.1:50051"), Map.of());
        BgpSite.await("GoBGP is up", () -> {
            if (!process.isAlive()) {
                throw new IOException("gobgpd ended at once with " + process.exitValue());
            }
            try {
                return site.query(namespace, List.of("gobgp", "global")).contains(String.valueOf(as));
            } catch (IOException notYet) {
                return false;
            }
        });
        return process;
    }
}
