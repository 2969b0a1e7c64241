// SPDX-License-Identifier: BSD-2-Clause
/*
 * The 16550 serial port of PCs. Registers and bits as in National's PC16550D data sheet. The boot code has
 * set the line up (115200 8n1, FIFOs on).
 */
#include "serial.h"
#include <arch/io.h>
#include <janus/uart.h>

enum reg { DATA = 0, IER = 1, IIR = 2, MCR = 4, LSR = 5 };
#define IER_RX 0x01
#define IER_TX 0x02
#define IER_LINE 0x04
#define IIR_NONE 0x01
#define IIR_LIMIT 64		/* passes of one interrupt */
#define MCR_DTR_RTS_OUT2 0x0b	/* OUT2 lets the interrupt through */
#define LSR_RX 0x01
#define LSR_BREAK 0x10
#define LSR_TX_EMPTY 0x20
#define FIFO_SIZE 16

static u8 in(struct serial_port *port, enum reg reg) { return arch_io_read8(port->reg + reg); }
static void out(struct serial_port *port, enum reg reg, u8 v) { arch_io_write8(port->reg + reg, v); }

static void start(struct serial_port *port)
{
	out(port, MCR, MCR_DTR_RTS_OUT2);
}

static unsigned tx_room(struct serial_port *port)
{
	return in(port, LSR) & LSR_TX_EMPTY ? FIFO_SIZE : 0;
}

static void tx_byte(struct serial_port *port, u8 byte)
{
	out(port, DATA, byte);
}

static int rx_byte(struct serial_port *port)
{
	u8 status = in(port, LSR), byte;

	if (!(status & LSR_RX) || !(port->enabled & IER_RX))
		return SERIAL_NONE;
	byte = in(port, DATA);
	return status & LSR_BREAK ? SERIAL_BREAK : byte;
}

static void enable(struct serial_port *port, u32 interrupts)
{
	out(port, IER, (u8)interrupts);
}

static bool interrupt(void *arg)
{
	struct serial_port *port = arg;
	bool ours = false;

	for (int i = 0; i < IIR_LIMIT && !(in(port, IIR) & IIR_NONE); i++) {
		ours = true;
		serial_receive(port);
		serial_transmit(port);
	}
	return ours;
}

static const struct serial_chip chip_16550 = {
	.tx_interrupt = IER_TX,
	.rx_interrupts = IER_RX | IER_LINE,
	.start = start,
	.tx_room = tx_room,
	.tx_byte = tx_byte,
	.rx_byte = rx_byte,
	.enable = enable,
	.interrupt = interrupt,
};

int uart_16550_register(unsigned long reg, unsigned irq)
{
	return serial_register(&chip_16550, reg, "ttyS0", 4, 64, irq);
}
