/* SPDX-License-Identifier: Apache-2.0 */
/* The echo server on Boost.Asio: an io_context for each worker, each run by a thread of its own, callbacks. */
#include "server.h"

#include <boost/asio.hpp>

#include <deque>
#include <memory>
#include <thread>

namespace asio = boost::asio;
using boost::system::error_code;
using asio::ip::tcp;

namespace
{

/* One connection; lives as long as an operation of it is on its way. */
class session : public std::enable_shared_from_this<session> {
    public:
	explicit session(tcp::socket socket) : socket_(std::move(socket))
	{
	}

	void read()
	{
		auto self = shared_from_this();
		socket_.async_read_some(asio::buffer(text_), [self](error_code error, std::size_t bytes) {
			if (!error)
				self->write(bytes);
		});
	}

    private:
	void write(std::size_t bytes)
	{
		auto self = shared_from_this();
		asio::async_write(socket_, asio::buffer(text_, bytes), [self](error_code error, std::size_t) {
			if (!error)
				self->read();
		});
	}

	tcp::socket socket_;
	char text_[ECHO_BYTES];
};

/* One worker: a context that only its own thread runs. */
struct worker {
	asio::io_context context{ 1 };
	asio::executor_work_guard<asio::io_context::executor_type> stay{ context.get_executor() };
	std::thread thread{ [this] { context.run(); } };
};

} // namespace

int main(int argc, char **argv)
{
	server_arguments arguments = server_start(argc, argv);
	std::deque<worker> workers(arguments.workers);
	int listener = server_listen(arguments.port);
	for (std::size_t next = 0;; next = (next + 1) % workers.size()) {
		asio::io_context &context = workers[next].context;
		auto one = std::make_shared<session>(tcp::socket(context, tcp::v4(), server_accept(listener)));
		asio::post(context, [one] { one->read(); });
	}
}
