package org.secondsite.lab.io;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.secondsite.lab.plan.LabNumbers;

/** Talks to the guest's service as the outside client would, from its namespace. */
public final class GuestProbe {
    private static final int PATIENCE_MILLIS = 1_500;

    private GuestProbe() {}

    /**
     * Has the guest of a lab take another load.
     *
     * @param command such as {@code busy 1024 1000} or {@code idle}
     * @return whether it knows such a load
     * @throws IOException if it does not answer now
     */
    static boolean takes(Lab lab, String command) throws IOException {
        return takes(lab, LabNumbers.VM_ADDRESS, command);
    }

    /** The same of the guest at an address. */
    static boolean takes(Lab lab, String address, String command) throws IOException {
        return ask(lab.clientNamespace(), address, LabNumbers.CONTROL_PORT, command)
                .equals("ok");
    }

    /**
     * Sends one line and reads one.
     *
     * @throws IOException if there is no connection or no answer in 1.5 s
     */
    public static String ask(String clientNamespace, int port, String line) throws IOException {
        return ask(clientNamespace, LabNumbers.VM_ADDRESS, port, line);
    }

    /** The same at another address of the guest. */
    static String ask(String clientNamespace, String address, int port, String line) throws IOException {
        return NetworkNamespace.call(clientNamespace, () -> {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(address, port), PATIENCE_MILLIS);
                socket.setSoTimeout(PATIENCE_MILLIS);
                socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
                String answer = new BufferedReader(
                                new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))
                        .readLine();
                if (answer == null) {
                    throw new IOException("the guest closed port " + port + " without an answer");
                }
                return answer;
            }
        });
    }
}
