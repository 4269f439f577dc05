// SPDX-License-Identifier: Apache-2.0
//
// Reads messages from standard input, each behind its length in four bytes (big-endian), with the decoder that sbe-tool generated, and prints a line of each:
// symbol, bookUpdateId, eventTime, bid, bid quantity, ask, ask quantity.

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.math.BigDecimal;
import org.agrona.concurrent.UnsafeBuffer;
import spot_stream.BestBidAskStreamEventDecoder;
import spot_stream.MessageHeaderDecoder;

public final class Decode {
    public static void main(String[] args) throws IOException {
        DataInputStream in = new DataInputStream(System.in);
        MessageHeaderDecoder header = new MessageHeaderDecoder();
        BestBidAskStreamEventDecoder event = new BestBidAskStreamEventDecoder();
        while (true) {
            byte[] bytes;
            try {
                bytes = new byte[in.readInt()];
            } catch (EOFException end) {
                return;
            }
            in.readFully(bytes);
            event.wrapAndApplyHeader(new UnsafeBuffer(bytes), 0, header);
            String numbers = decimal(event.bidPrice(), event.priceExponent()) + " " + decimal(event.bidQty(), event.qtyExponent()) + " "
                + decimal(event.askPrice(), event.priceExponent()) + " " + decimal(event.askQty(), event.qtyExponent());
            String symbol = event.symbol();
            if (event.limit() != bytes.length) throw new IOException("a message of " + bytes.length + " bytes ends at " + event.limit());
            System.out.println(symbol + " " + event.bookUpdateId() + " " + event.eventTime() + " " + numbers);
        }
    }

    private static String decimal(long mantissa, int exponent) {
        return BigDecimal.valueOf(mantissa, -exponent).toPlainString();
    }
}
