package org.secondsite.appliance;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.secondsite.config.Endpoints;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.WitnessConfig;
import org.secondsite.config.io.ConfigReader;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.io.client.WitnessClient;
import org.secondsite.witness.io.client.WitnessClientSettings;
import org.secondsite.witness.io.client.WitnessListener;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** Which witness an operator's command asks, and by which certificate. */
public final class Operator {
    private static final int ANSWER_TIMEOUT_MS = 10_000;
    private static final int CONNECT_TIMEOUT_MS = 5_000;

    /** Either way names the nodes and who has signed their certificates. */
    static final class Where {
        @Option(
                names = "--config",
                paramLabel = "FILE",
                description = "A node's configuration file: its peers and its authority.")
        private Path config;

        @ArgGroup(exclusive = false)
        private Nodes nodes;
    }

    /** The nodes by their addresses. */
    static final class Nodes {
        @Option(
                names = "--endpoint",
                paramLabel = "ADDRESS:PORT",
                required = true,
                split = ",",
                description = "The nodes of the witness.")
        private List<String> endpoints;

        @Option(
                names = "--authority",
                paramLabel = "FILE",
                required = true,
                description = "The certificate of who has signed the witness's.")
        private Path authority;
    }

    @ArgGroup(exclusive = true, multiplicity = "1")
    private Where where;

    @Option(
            names = "--certificate",
            paramLabel = "FILE",
            required = true,
            description = "The operator's certificate; its common name is 'operator'.")
    private Path certificate;

    @Option(names = "--key", paramLabel = "FILE", required = true, description = "Its key.")
    private Path key;

    @Option(names = "--json", description = "Print the answer as JSON.")
    private boolean json;

    boolean json() {
        return json;
    }

    /** A line to the witness, with at least one node connected unless none can be. */
    WitnessClient connect() throws IOException, InterruptedException {
        List<InetSocketAddress> endpoints = new ArrayList<>();
        Path authority;
        if (where.config != null) {
            WitnessConfig config = Configurations.require(ConfigReader.readWitness(where.config));
            authority = config.tls().authority();
            config.quorum()
                    .ifPresentOrElse(
                            quorum -> quorum.peers().forEach(peer -> endpoints.add(peer.address())),
                            () -> endpoints.add(config.listen()));
        } else {
            where.nodes.endpoints.forEach(text -> endpoints.add(Endpoints.parse(text)));
            authority = where.nodes.authority;
        }
        Reached reached = new Reached();
        WitnessClient client = WitnessClient.open(
                new WitnessClientSettings(
                        AccessRule.OPERATOR,
                        endpoints,
                        new TlsFiles(certificate, key, authority),
                        0,
                        ANSWER_TIMEOUT_MS),
                reached);
        try {
            reached.up.get(CONNECT_TIMEOUT_MS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            client.close();
            throw new IOException("no witness can be reached: " + reached.reason, e);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
        return client;
    }

    /** The answer, or what went wrong with it. */
    public static <T> T await(CompletableFuture<T> answer) throws IOException, InterruptedException {
        try {
            return answer.get();
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        }
    }

    /** Waits for the first node. */
    private static final class Reached implements WitnessListener {
        private final CompletableFuture<Void> up = new CompletableFuture<>();
        private volatile String reason = "no answer within " + CONNECT_TIMEOUT_MS + " ms";

        @Override
        public void record(OwnershipRecord record) {
            // The command asks for what it wants.
        }

        @Override
        public void reachable(boolean isUp, String why) {
            if (isUp) {
                up.complete(null);
            } else {
                reason = why;
            }
        }
    }
}
